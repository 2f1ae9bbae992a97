"""The settings of the Resend transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret, told_apart


class ResendSettings(HttpSettings):
    """Which account."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "api_key"}

    api_key: Secret = Field(description="an API key (re_…); one that may only send is enough")

    @model_validator(mode="after")  # a validator of a secret field alone could not say why
    def _is_key(self) -> Self:
        if not self.api_key.reveal().startswith("re_") and not self.base_url:
            raise ValueError(
                f"api_key is {told_apart(self.api_key.reveal(), 'API key of Resend')}: they begin with re_"
            )
        return self


class ResendOptions(ProviderOptions):
    """What a message may ask of Resend alone, in `provider_options["resend"]`."""

    topic_id: str | None = None
    """Send only to those who have not opted out of this topic."""
