"""The settings of the Resend transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, field_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret


class ResendSettings(HttpSettings):
    """Which account."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "api_key"}

    api_key: Secret = Field(description="an API key (re_…); one that may only send is enough")

    @field_validator("api_key")
    @classmethod
    def _is_key(cls, value: Secret) -> Secret:
        if not value.reveal().startswith("re_"):
            raise ValueError("is no API key of Resend: they begin with re_")
        return value


class ResendOptions(ProviderOptions):
    """What a message may ask of Resend alone, in `provider_options["resend"]`."""

    topic_id: str | None = None
    """Send only to those who have not opted out of this topic."""
