"""The settings of the Elastic Email transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret, kind_of_key


class ElasticEmailSettings(HttpSettings):
    """Which account."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "api_key"}

    api_key: Secret = Field(description="an API key with the access level SendHttp")

    @model_validator(mode="after")  # a validator of a secret field alone could not say why
    def _is_key(self) -> Self:
        key = self.api_key.reveal()
        if (kind := kind_of_key(key)) is not None:
            raise ValueError(f"api_key is {kind.what}")
        if "@" in key:
            raise ValueError("api_key is an address; with a user and a password it is elasticemail+smtp")
        return self


class Utm(ProviderOptions):
    """Words for the links of a message, for Google Analytics and the like."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    content: str | None = None


class ElasticEmailOptions(ProviderOptions):
    """What a message may ask of Elastic Email alone, in `provider_options["elasticemail"]`."""

    pool_name: str | None = None
    """The pool of addresses to send from."""
    time_offset: int | None = Field(None, ge=0, le=35 * 24 * 60)
    """How many minutes to wait before sending."""
    utm: Utm | None = None
    """`{"source": "shop", "campaign": "spring"}`."""
