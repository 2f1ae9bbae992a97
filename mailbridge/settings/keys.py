"""What the look of a key gives away: whose it is, and what it is for.

Prefixes as the providers' dashboards show them; seen on 2026-11-22 in the providers' own documentation
or in keys of theirs. A pattern is strict enough that no password looks like that by chance.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of key: how it looks, what it is, and the SMTP presets that take it as a password."""

    pattern: re.Pattern[str]
    what: str
    presets: frozenset[str]


def _kind(pattern: str, what: str, *presets: str) -> Kind:
    return Kind(re.compile(pattern), what, frozenset(presets))


KINDS = (
    _kind(r"SG\.[\w-]+\.[\w-]+", "an API key of SendGrid", "sendgrid"),
    _kind(r"re_[A-Za-z0-9]+_[A-Za-z0-9]{12,}", "an API key of Resend", "resend"),
    _kind(r"xkeysib-[\w-]+", "an API key of Brevo"),
    _kind(r"xsmtpsib-[\w-]+", "an SMTP key of Brevo", "brevo"),
    _kind(r"md-[\w-]{20,}", "an API key of Mandrill", "mandrill"),
    _kind(r"[0-9a-f]{32}-us\d{1,3}", "a key of Mailchimp's Marketing API, which sends no transactional mail"),
    _kind(r"key-[0-9a-f]{32}", "an API key of Mailgun"),
    _kind(r"mlsn\.[0-9a-f]{16,}", "an API token of MailerSend"),
    _kind(r"mssp\.[\w.]{12,}", "an SMTP password of MailerSend", "mailersend"),
    _kind(r"api-[0-9A-Fa-f]{32}", "an API key of SMTP2GO"),
    _kind(r"A[KS]IA[A-Z0-9]{16}", "the id of an AWS access key, not its secret"),
)
TOKENS = (
    _kind(r"ya29\.[\w-]+", "an OAuth 2 access token of Google, which belongs into token"),
    _kind(r"eyJ[\w-]{10,}\.[\w-]+\.[\w-]*", "an OAuth 2 access token, which belongs into token"),
)


def kind_of_key(key: str, *, tokens: bool = True) -> Kind | None:
    """Return the kind of a key, if its look says so; `tokens` of OAuth 2 are no mistake everywhere.

    >>> kind_of_key("xkeysib-0a1b2c").what
    'an API key of Brevo'
    """
    kinds = (*KINDS, *TOKENS) if tokens else KINDS
    return next((kind for kind in kinds if kind.pattern.fullmatch(key)), None)


def told_apart(key: str, wanted: str) -> str:
    """Return what a key is that is not the wanted one, for a sentence: whose, if its look says so.

    >>> told_apart("xkeysib-0a1b2c", "API key of SendGrid")
    'an API key of Brevo, no API key of SendGrid'
    """
    kind = kind_of_key(key)
    return f"no {wanted}" if kind is None else f"{kind.what}, no {wanted}"
