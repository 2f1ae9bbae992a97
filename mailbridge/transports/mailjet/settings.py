"""The settings of the Mailjet transport."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret, kind_of_key


class MailjetSettings(HttpSettings):
    """Which account, and in which region."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "api_key", "password": "secret_key"}

    api_key: Secret = Field(description="the API key (public)")
    secret_key: Secret = Field(description="the secret key that belongs to it (private)")
    region: Literal["global", "us"] = Field("global", description="us for accounts in the United States")
    sandbox: bool = Field(False, description="have every message checked and none sent")

    @model_validator(mode="after")  # a validator of a secret field alone could not say why
    def _are_keys(self) -> Self:
        if self.api_key.reveal() == self.secret_key.reveal():
            raise ValueError("api_key and secret_key are the same; Mailjet shows two keys, one beside the other")
        for name in ("api_key", "secret_key"):
            if (kind := kind_of_key(getattr(self, name).reveal())) is not None:
                raise ValueError(f"{name} is {kind.what}")
        return self

    @property
    def basic(self) -> str:
        """Both keys as HTTP Basic authentication has them (RFC 7617)."""
        return b64encode(f"{self.api_key.reveal()}:{self.secret_key.reveal()}".encode()).decode()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that no error may show, the two keys together among them."""
        return (*super().secrets, self.basic)


class MailjetOptions(ProviderOptions):
    """What a message may ask of Mailjet alone, in `provider_options["mailjet"]`."""

    custom_id: str | None = None
    """An id of yours that events bring back."""
    deduplicate_campaign: bool | None = None
    """Send nobody two messages with the same tag."""
    priority: int | None = None
    """The place in Mailjet's own queue; not what the recipient sees."""
    url_tags: str | None = None
    """Appended to every link: `utm_source=mail&utm_medium=email`."""
    template_error_reporting: str | None = None
    """The address that errors of the template language are sent to."""
    template_error_deliver: bool | None = None
    """Deliver a message whose template has errors."""
