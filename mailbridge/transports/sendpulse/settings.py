"""The settings of the SendPulse transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret, kind_of_key


class SendPulseSettings(HttpSettings):
    """Which account: by a client and its secret, or by an API key."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "client_id", "password": "client_secret"}

    client_id: str = Field("", description="the ID of the account's API settings")
    client_secret: Secret | None = Field(
        None, description="the secret beside it; tokens of an hour are fetched by them"
    )
    api_key: Secret | None = Field(None, description="an API key, in place of both")

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if "@" in self.client_id:
            raise ValueError("client_id is an address; with a user and a password it is sendpulse+smtp")
        for name in ("client_secret", "api_key"):
            secret = getattr(self, name)
            if secret is not None and (kind := kind_of_key(secret.reveal(), tokens=False)) is not None:
                raise ValueError(f"{name} is {kind.what}")
        by_client = bool(self.client_id) and self.client_secret is not None
        if self.api_key is None and not by_client:
            raise ValueError("client_id and client_secret are wanted, or an api_key")
        if self.api_key is not None and (self.client_id or self.client_secret is not None):
            raise ValueError("api_key and client_id exclude each other")
        return self


class SendPulseOptions(ProviderOptions):
    """What a message may ask of SendPulse alone, in `provider_options["sendpulse"]`."""

    auto_plain_text: bool | None = None
    """Have a text made of the HTML, where there is none."""
