"""The settings of the MailerSend transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret, told_apart


class MailerSendSettings(HttpSettings):
    """Which domain of the account, and how lists travel."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "api_token"}

    api_token: Secret = Field(description="an API token with the permission to send mail (mlsn.…)")
    bulk: bool = Field(False, description="send lists by the bulk endpoint, which does not tell what became of them")

    @model_validator(mode="after")  # a validator of a secret field alone could not say why
    def _is_token(self) -> Self:
        token = self.api_token.reveal()
        if token.startswith("mssp."):
            raise ValueError("api_token is an SMTP password, which mailersend+smtp takes")
        if not token.startswith(("mlsn.", "eyJ")) and not self.base_url:  # older ones are JSON Web Tokens
            raise ValueError(f"api_token is {told_apart(token, 'API token of MailerSend')}: they begin with mlsn.")
        return self


class MailerSendOptions(ProviderOptions):
    """What a message may ask of MailerSend alone, in `provider_options["mailersend"]`."""

    precedence_bulk: bool | None = None
    """Write the header Precedence: bulk, or do not, whatever the domain's settings are."""
    track_content: bool | None = None
    """Whether MailerSend keeps the content for its activity page."""
