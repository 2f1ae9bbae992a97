"""The settings of the Microsoft Graph transport."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from mailbridge.extend import OAuthSettings, ProviderOptions

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch


class MsGraphSettings(OAuthSettings):
    """Whose mailbox, in which cloud, and how to come by an access token for it."""

    user: str = Field("", description="who logs in, or for an application whose mailbox it is")
    mailbox: str = Field("", description="another mailbox than the user's: a shared one, say")
    tenant: str = Field(
        "common", pattern=r"^[A-Za-z0-9.-]+$", description="the directory: its id or one of its domains"
    )
    region: Literal["global", "usgov", "dod", "china"] = Field("global", description="which of Microsoft's clouds")
    # As many calls as Graph takes at a time of one app for one mailbox (learn.microsoft.com/graph/throttling-limits).
    connections: int = Field(4, ge=1, le=1000, description="how many connections may be open at once")

    @property
    def sends_for(self) -> str:
        """The mailbox as Graph has to be told; empty for that of whoever the token belongs to."""
        return self.mailbox or (self.user if self.is_application else "")

    @property
    def is_application(self) -> bool:
        """Whether it logs in as an application, not as a person."""
        return self.client_secret is not None and self.refresh_token is None and self.token is None

    @model_validator(mode="after")
    def _in_their_fields(self) -> Self:
        secret = self.client_secret
        if secret is not None and _UUID(secret.reveal()):
            raise ValueError("client_secret is the id of a secret; give its value, which is shown once when it is made")
        if "~" in self.client_id:
            raise ValueError("client_id is the value of a secret, which belongs into client_secret")
        return self

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.is_application:
            if not (self.user or self.mailbox):
                raise ValueError(
                    "an application (client_secret without refresh_token) needs the user whose mailbox it is"
                )
            if self.tenant in ("common", "organizations", "consumers"):
                raise ValueError("an application (client_secret without refresh_token) needs its tenant")
        return self


class MsGraphOptions(ProviderOptions):
    """What a message may ask of Graph alone, in `provider_options["msgraph"]`."""

    save_to_sent_items: bool | None = None
    """Whether the mailbox keeps a copy; it does unless this is false."""
    categories: list[str] | None = None
    """Categories of that copy; nobody else sees them."""
    read_receipt: bool | None = None
    delivery_receipt: bool | None = None

    @property
    def given(self) -> list[str]:
        """The names of those that are given."""
        return [name for name in type(self).model_fields if getattr(self, name) is not None]
