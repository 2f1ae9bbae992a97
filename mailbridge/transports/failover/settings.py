"""The settings of the policy failover."""

from __future__ import annotations

from pydantic import Field

from mailbridge.extend import Seconds, TransportSettings


class FailoverSettings(TransportSettings):
    """When a transport is left alone, and what is passed on; times are in seconds, or have a unit (`2m`)."""

    failures: int = Field(3, ge=1, description="leave a transport alone after so many failures in a row")
    cooldown: Seconds = Field(30.0, ge=0, description="how long it is left alone before it is tried with one message")
    long_cooldown: Seconds = Field(
        600.0, ge=0, description="the same after a refused password or another wrong setting"
    )
    refusals: bool = Field(False, description="also pass on what a transport refuses for its sender or content")
    duplicates: bool = Field(False, description="also pass on what may have been accepted: risks second copies")
