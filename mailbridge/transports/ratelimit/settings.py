"""The settings of the policy ratelimit."""

from __future__ import annotations

from pydantic import Field

from mailbridge.extend import Seconds, TransportSettings


class RateLimitSettings(TransportSettings):
    """How fast; times are in seconds, or have a unit (`2m`)."""

    rate: str = Field(description="messages in a time: 10/s, 300/m, 1000/h, 5000/d")
    burst: int | None = Field(
        None, ge=1, description="how many may go at once after a pause; what 50 ms allow by default"
    )
    max_wait: Seconds = Field(60.0, ge=0, description="refuse a message that would have to wait longer")
