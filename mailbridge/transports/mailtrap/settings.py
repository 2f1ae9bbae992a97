"""The settings of the Mailtrap transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from mailbridge.extend import HttpSettings, Secret, kind_of_key


class MailtrapSettings(HttpSettings):
    """Which account, which stream, or which sandbox."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "api_token"}

    api_token: Secret = Field(description="an API token that may send from the domain, or use the sandbox")
    stream: Literal["transactional", "bulk"] = Field("transactional", description="bulk for promotional mail")
    sandbox_id: int | None = Field(None, ge=1, description="the sandbox that catches every message; none is delivered")

    @model_validator(mode="after")  # a validator of a secret field alone could not say why
    def _is_token(self) -> Self:
        if (kind := kind_of_key(self.api_token.reveal())) is not None:
            raise ValueError(f"api_token is {kind.what}")
        return self
