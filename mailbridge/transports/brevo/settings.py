"""The settings of the Brevo transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self
from uuid import UUID

from pydantic import Field, IPvAnyAddress, model_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret, told_apart


class BrevoSettings(HttpSettings):
    """Which account."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "api_key"}

    api_key: Secret = Field(description="an API key v3 (xkeysib-…)")
    sandbox: bool = Field(False, description="have every message checked and none sent")

    @model_validator(mode="after")  # a validator of a secret field alone could not say why
    def _is_key(self) -> Self:
        key = self.api_key.reveal()
        if key.startswith("xsmtpsib-"):
            raise ValueError("api_key is an SMTP key, which brevo+smtp takes")
        if not key.startswith("xkeysib-") and not self.base_url:
            raise ValueError(f"api_key is {told_apart(key, 'API key of Brevo')}: they begin with xkeysib-")
        return self


class BrevoOptions(ProviderOptions):
    """What a message may ask of Brevo alone, in `provider_options["brevo"]`."""

    batch_id: UUID | None = None
    """Scheduled messages with it can be looked up or cancelled together."""
    sender_ip: IPvAnyAddress | None = None
    """Which of the account's own addresses to send from."""
    tracking_consent: bool | None = None
    """Whether the recipients agreed to be tracked one by one; for accounts that ask for consent."""
