"""The settings of the Postmark transport."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret, kind_of_key

TEST_TOKEN = "POSTMARK_API_TEST"  # noqa: S105 - documented, and the same for everybody
_TOKEN = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch
_SMTP_KEY = re.compile(r"PM-[TB]-.+").fullmatch


class PostmarkSettings(HttpSettings):
    """Which server of the account."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "server_token"}

    server_token: Secret = Field(description="the API token of a server; POSTMARK_API_TEST has messages checked only")
    stream: str = Field("", description="the message stream of messages that name none")

    @model_validator(mode="after")  # a validator of a secret field alone could not say why
    def _is_token(self) -> Self:
        token = self.server_token.reveal()
        if _SMTP_KEY(token):
            raise ValueError("server_token is an access key for SMTP, which postmark+smtp takes")
        if (kind := kind_of_key(token)) is not None:
            raise ValueError(f"server_token is {kind.what}")
        if token != TEST_TOKEN and not _TOKEN(token) and not self.base_url:
            raise ValueError("server_token has not the form of a UUID, as the API tokens of Postmark's servers have")
        return self


class PostmarkOptions(ProviderOptions):
    """What a message may ask of Postmark alone, in `provider_options["postmark"]`."""

    track_links: Literal["HtmlAndText", "HtmlOnly", "TextOnly", "None"] | None = None
    """Which links to track, where `track_clicks` says too little."""
    inline_css: bool | None = None
    """Whether Postmark moves a template's styles into its elements."""
