"""The settings of the Postmark transport."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from mailbridge.extend import HttpSettings, ProviderOptions, Secret

TEST_TOKEN = "POSTMARK_API_TEST"  # noqa: S105 - documented, and the same for everybody
_TOKEN = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch


class PostmarkSettings(HttpSettings):
    """Which server of the account."""

    dsn_parts: ClassVar[Mapping[str, str]] = {"user": "server_token"}

    server_token: Secret = Field(description="the token of a server; POSTMARK_API_TEST checks messages and sends none")
    stream: str = Field("", description="the message stream of messages that name none")

    @field_validator("server_token")
    @classmethod
    def _is_token(cls, value: Secret) -> Secret:
        token = value.reveal()
        if token != TEST_TOKEN and not _TOKEN(token):
            raise ValueError("is no server token of Postmark: they have the form of a UUID (API Tokens of the server)")
        return value


class PostmarkOptions(ProviderOptions):
    """What a message may ask of Postmark alone, in `provider_options["postmark"]`."""

    track_links: Literal["HtmlAndText", "HtmlOnly", "TextOnly", "None"] | None = None
    """Which links to track, where `track_clicks` says too little."""
    inline_css: bool | None = None
    """Whether Postmark moves a template's styles into its elements."""
