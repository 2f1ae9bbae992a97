"""The settings of the sendmail transport."""

from pathlib import Path

from pydantic import Field

from mailbridge.extend import Seconds, TransportSettings


class SendmailSettings(TransportSettings):
    """Which program to run."""

    path: Path = Field(Path("/usr/sbin/sendmail"), description="the program")
    timeout: Seconds = Field(60.0, gt=0, description="how long the program may take before it is killed")
