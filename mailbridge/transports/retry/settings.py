"""The settings of the policy retry."""

from __future__ import annotations

from pydantic import Field

from mailbridge.extend import Seconds, TransportSettings


class RetrySettings(TransportSettings):
    """How often and how long to try; times are in seconds, or have a unit (`2m`)."""

    attempts: int = Field(3, ge=1, le=100, description="how many tries altogether")
    within: Seconds = Field(60.0, gt=0, description="no try begins later than this after the first one began")
    wait: Seconds = Field(
        1.0, ge=0, description="wait at most this before the second try; doubles with each further one, up to 60"
    )
