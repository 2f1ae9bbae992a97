"""The settings of the console transport."""

from typing import Literal

from pydantic import Field

from mailbridge.extend import TransportSettings


class ConsoleSettings(TransportSettings):
    """Where and how messages are shown."""

    raw: bool = Field(False, description="show the message as SMTP would have sent it")
    stream: Literal["stdout", "stderr"] = Field("stdout", description="where to show it")
