"""The settings of the Gmail transport."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from mailbridge.extend import OAuthSettings, ProviderOptions, Secret


class GmailSettings(OAuthSettings):
    """Whose mailbox, and how to come by an access token for it."""

    user: str = Field("", description="the address of the mailbox; whoever the token belongs to by default")
    service_account: Path | None = Field(None, description="the key file of a service account that may act for user")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.service_account is not None and not self.user:
            raise ValueError("service_account needs the user for whom it shall act")
        if self.user and "@" not in self.user:
            raise ValueError("user must be a whole address; its @ is %40 in a DSN")
        return self

    @model_validator(mode="after")
    def _in_their_fields(self) -> Self:
        """Recognise what Google's credentials begin with."""
        for field, start, what in (
            ("client_id", "GOCSPX-", "the client's secret, which belongs into client_secret"),
            ("refresh_token", "ya29.", "an access token, which belongs into token"),
            ("token", "1//", "a refresh token, which belongs into refresh_token"),
        ):
            value = getattr(self, field)
            text = value.reveal() if isinstance(value, Secret) else value
            if isinstance(text, str) and text.startswith(start):
                raise ValueError(f"{field} is {what}")
        return self


class GmailOptions(ProviderOptions):
    """What a message may ask of Gmail alone, in `provider_options["gmail"]`."""

    thread_id: str | None = None
    """The thread that it belongs to; it also has to have the thread's subject, `in_reply_to` and `references`."""
