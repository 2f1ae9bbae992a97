"""The provider of a name."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib import import_module

from mailbridge.errors import ConfigError
from mailbridge.testing.stubs.replies import Replies

__all__ = ["PROVIDERS", "named"]

PROVIDERS = {
    "brevo": "Brevo",
    "elasticemail": "ElasticEmail",
    "gmail": "Gmail",
    "mailersend": "MailerSend",
    "mailgun": "Mailgun",
    "mailjet": "Mailjet",
    "mailtrap": "Mailtrap",
    "mandrill": "Mandrill",
    "msgraph": "MsGraph",
    "postmark": "Postmark",
    "resend": "Resend",
    "sendgrid": "SendGrid",
    "sendpulse": "SendPulse",
    "ses": "Ses",
    "smtp2go": "Smtp2go",
    "sparkpost": "SparkPost",
    "zoho": "Zoho",
}
"""The class in the module of each provider's name."""


@cache
def named(name: str) -> type[Replies]:
    """Return what the provider of a transport's name answers. Raises ConfigError for one that is not known."""
    if name not in PROVIDERS:
        near = get_close_matches(name, PROVIDERS, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(PROVIDERS)}."
        raise ConfigError(
            f"There is no stand-in for {name!r}.",
            hints=[hint, "For a provider of your own, give its Replies (docs/reference/test-servers.md)."],
        )
    found: type[Replies] = getattr(import_module(f"mailbridge.testing.stubs.{name}"), PROVIDERS[name])
    return found
