"""The settings of the file transport."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from mailbridge.extend import Seconds, TransportSettings


class FileSettings(TransportSettings):
    """Where messages are written, and in which form."""

    path: Path = Field(description="the directory, for mbox the file; made where it is missing")
    format: Literal["eml", "maildir", "mbox"] = Field("eml", description="one file a message, a Maildir, or one mbox")
    sync: bool = Field(True, description="wait until the disk has each message, so that a power cut loses none")
    timeout: Seconds = Field(5.0, gt=0, description="how long to wait for an mbox that another program has locked")
