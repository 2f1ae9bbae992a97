"""The settings of the SMTP2GO transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from mailbridge.extend import HttpSettings, Secret, told_apart


class Smtp2goSettings(HttpSettings):
    """Which account, in which region, and whether it looks at a message before it takes it."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "api_key"}

    api_key: Secret = Field(description="an API key with the permission /email/send (api-…)")
    region: Literal["global", "us", "eu", "au"] = Field("global", description="global is the nearest of the others")
    fastaccept: bool = Field(False, description="have messages taken unread, lists in batches; faster, but tells less")

    @model_validator(mode="after")  # a validator of a secret field alone could not say why
    def _is_key(self) -> Self:
        key = self.api_key.reveal()
        if not key.startswith("api-") and not self.base_url:
            found = told_apart(key, "API key of SMTP2GO")
            raise ValueError(f"api_key is {found}: they begin with api- (an SMTP user is for smtp2go+smtp)")
        return self
