"""The settings of the SendGrid transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret, told_apart

MailSetting = Literal[
    "bypass_list_management",
    "bypass_spam_management",
    "bypass_bounce_management",
    "bypass_unsubscribe_management",
    "footer",
    "sandbox_mode",
]
TrackingSetting = Literal["click_tracking", "open_tracking", "subscription_tracking", "ganalytics"]


class SendGridSettings(HttpSettings):
    """Which account, and in which region."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "api_key"}

    api_key: Secret = Field(description="an API key with the permission Mail Send (SG.…)")
    region: Literal["global", "eu"] = Field(
        "global", description="eu for subusers in the EU, whose keys work there only"
    )
    sandbox: bool = Field(False, description="have every message checked and none sent")

    @model_validator(mode="after")
    def _is_key(self) -> Self:
        key = self.api_key.reveal()
        if not key.startswith("SG."):
            found = told_apart(key, "API key of SendGrid")
            raise ValueError(f"api_key is {found}: they begin with SG. (the key's id is not the key)")
        return self


class UnsubscribeGroups(ProviderOptions):
    """The group that a message belongs to, and those that its unsubscribe page shows."""

    group_id: int
    groups_to_display: list[int] | None = Field(None, max_length=25)


class SendGridOptions(ProviderOptions):
    """What a message may ask of SendGrid alone, in `provider_options["sendgrid"]`."""

    asm: UnsubscribeGroups | None = None
    """Unsubscribe groups: `{"group_id": 1, "groups_to_display": [1, 2]}`."""
    batch_id: str | None = None
    """From POST /v3/mail/batch; scheduled messages with it can be paused or cancelled together."""
    ip_pool_name: str | None = Field(None, min_length=2, max_length=64)
    mail_settings: dict[MailSetting, dict[str, Any]] | None = None
    """`{"bypass_bounce_management": {"enable": True}}` and the like."""
    tracking_settings: dict[TrackingSetting, dict[str, Any]] | None = None
    """`{"ganalytics": {"enable": True}}` and the like; `track_opens` and `track_clicks` go before."""
    merge_field: str = Field("-{}-", pattern=r"^[^{}]*\{\}[^{}]*$")
    """How merge data stands in texts and in templates that are not dynamic: `-name-` for `name`."""
