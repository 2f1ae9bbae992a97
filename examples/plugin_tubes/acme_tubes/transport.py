"""The transport: one plain function that gets the message as octets."""

from pathlib import Path
from secrets import token_hex
from typing import ClassVar

from pydantic import Field

from acme_tubes import RECORD
from mailbridge.extend import (
    ConfigError,
    Delivery,
    Mime,
    MimeTransport,
    Receipt,
    ServerError,
    TransportSettings,
    Verification,
)


class AcmeSettings(TransportSettings):
    """Which department, and where its tube begins."""

    dsn_parts: ClassVar = {"user": "department"}  # tubes://sales@default

    department: str = Field(pattern="^[a-z]+$", description="the department that gets the capsules")
    station: Path = Field(description="the folder of the post station")
    capsules: int = Field(100, ge=1, description="how many capsules fit into a tube")


class AcmeTransport(MimeTransport):
    """Puts each message into a capsule, and the capsule into the department's tube."""

    name = "tubes"
    features = RECORD.features

    def __init__(self, settings: AcmeSettings) -> None:
        self.settings = settings
        self.tube = settings.station / settings.department

    def deliver(self, delivery: Delivery, mime: Mime) -> Receipt:
        """Post one message."""
        self.check()
        if len(list(self.tube.iterdir())) >= self.settings.capsules:
            raise ServerError(f"The tube to {self.settings.department} is full.", hints=["Empty it."], phase="send")
        capsule = self.tube / f"{token_hex(8)}.eml"
        capsule.write_bytes(bytes(mime))
        return self.accepted(delivery, provider_ids=(capsule.stem,))

    def check(self) -> Verification:
        """Look whether there is a tube."""
        if not self.tube.is_dir():
            raise ConfigError(
                f"There is no tube to {self.settings.department}.", hints=[f"Make the folder {self.tube}."]
            )
        return Verification(transport=str(self), text=f"The tube to {self.settings.department} is open.")

    def __str__(self) -> str:
        return f"tubes://{self.settings.department}"
