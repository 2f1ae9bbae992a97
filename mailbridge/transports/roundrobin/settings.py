"""The settings of the policy roundrobin."""

from __future__ import annotations

from pydantic import Field

from mailbridge.extend import Seconds, TransportSettings


class RoundRobinSettings(TransportSettings):
    """Who gets how much, and when a transport is left alone; times are in seconds, or have a unit (`2m`)."""

    weights: tuple[int, ...] | None = Field(
        None, description="turns of each transport, such as 3 1; one each by default"
    )
    turn: int = Field(50, ge=1, description="messages of one send_many that go to a transport in its turn")
    failures: int = Field(3, ge=1, description="leave a transport alone after so many failures in a row")
    cooldown: Seconds = Field(30.0, ge=0, description="how long it is left alone before it is tried with one message")
    long_cooldown: Seconds = Field(
        600.0, ge=0, description="the same after a refused password or another wrong setting"
    )
    refusals: bool = Field(False, description="also pass on what a transport refuses for its sender or content")
    duplicates: bool = Field(False, description="also pass on what may have been accepted: risks second copies")
