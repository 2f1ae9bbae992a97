"""The settings of the SparkPost transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret, kind_of_key


class SparkPostSettings(HttpSettings):
    """Which account, which of its subaccounts, and in which region."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "api_key"}

    api_key: Secret = Field(description="an API key with the permission Transmissions: Read/Write")
    region: Literal["us", "eu"] = Field("us", description="where the account is")
    subaccount: int | None = Field(None, ge=0, description="the id of a subaccount to send for")

    @model_validator(mode="after")
    def _is_key(self) -> Self:
        key = self.api_key.reveal()
        if (kind := kind_of_key(key)) is not None:
            raise ValueError(f"api_key is {kind.what}; SparkPost's are under API Keys, 40 digits and letters")
        if key.startswith("Bearer "):
            raise ValueError("api_key is a header; give the key alone, without Bearer")
        return self


class SparkPostOptions(ProviderOptions):
    """What a message may ask of SparkPost alone, in `provider_options["sparkpost"]`."""

    description: str | None = Field(None, max_length=1024)
    dkim_key: str | None = None
    """Which key to sign with, by its id."""
    initial_open: bool | None = None
    """Whether to track the first opening apart."""
    inline_css: bool | None = None
    ip_pool: str | None = None
    list_id: str | None = None
    """The List-Id header of a template: `<offers.example.com>`."""
    perform_substitutions: bool | None = None
    """Whether texts are in SparkPost's template language; by default if the message has merge data."""
    recipient_tags: list[str] | None = Field(None, max_length=10)
    """Labels of the recipients, which events bring back."""
    sandbox: bool | None = None
    """Send from sparkpostbox.com; five messages in the life of an account."""
    skip_suppression: bool | None = None
    tracking_domain: str | None = None
    transactional: bool | None = None
    """Whether it is sent whatever the recipient unsubscribed from."""
