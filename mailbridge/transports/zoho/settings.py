"""The settings of the Zoho Mail transport."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mailbridge.extend import OAuthSettings, ProviderOptions


class ZohoSettings(OAuthSettings):
    """Whose mailbox, in which data centre, and how to come by an access token for it."""

    user: str = Field("", description="the address of the mailbox; whoever the token belongs to by default")
    region: Literal["us", "eu", "in", "au", "jp", "ca", "ae", "sa", "cn"] = Field("us", description="the data centre")
    account_id: str = Field("", pattern=r"^[0-9]*$", description="the mailbox's number; looked up by default")
    html_alone: bool = Field(False, description="leave out the text of a message that has HTML too, not refuse it")


class ZohoOptions(ProviderOptions):
    """What a message may ask of Zoho alone, in `provider_options["zoho"]`."""

    ask_receipt: bool | None = None
    """Ask the recipients for a read receipt."""
