"""The settings of the SendGrid transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret


class SendGridSettings(HttpSettings):
    """Which account, and in which region."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "api_key"}

    api_key: Secret = Field(description="an API key with the right to send mail (SG.…)")
    region: Literal["global", "eu"] = Field("global", description="eu for regional subusers")
    sandbox: bool = Field(False, description="have every message checked and none sent")

    @field_validator("api_key")
    @classmethod
    def _is_key(cls, value: Secret) -> Secret:
        if not value.reveal().startswith("SG."):
            raise ValueError("is no API key of SendGrid: they begin with SG. (the key's id is not the key)")
        return value


class SendGridOptions(ProviderOptions):
    """What a message may ask of SendGrid alone, in `provider_options["sendgrid"]`."""

    asm: dict[str, Any] | None = None
    """Unsubscribe groups: `{"group_id": 1, "groups_to_display": [1, 2]}`."""
    batch_id: str | None = None
    ip_pool_name: str | None = None
    mail_settings: dict[str, Any] | None = None
    tracking_settings: dict[str, Any] | None = None
    """Beside what `track_opens` and `track_clicks` say: ganalytics, subscription_tracking …"""
    substitutions: bool = False
    """Write merge data as legacy substitutions (`-name-` in the text), not for a dynamic template."""
