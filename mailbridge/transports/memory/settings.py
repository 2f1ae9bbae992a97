"""The settings of the memory transport."""

from pydantic import Field

from mailbridge.extend import TransportSettings


class MemorySettings(TransportSettings):
    """How much to keep."""

    limit: int = Field(1000, ge=1, description="messages to keep; the oldest is forgotten first")
