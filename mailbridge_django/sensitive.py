"""Which messages let their reader in: links to reset a password, to log in, to confirm an address.

Whoever reads such a mail in a log or an outbox can take over the account. So its Message is `sensitive`:
its content is neither logged nor stored in full. The rule, in this order:

1. `message.mailbridge_options = {"sensitive": True}` (or False) decides, if given.
2. `MAILBRIDGE["SENSITIVE"]`: True or False for all, or a function of the message (or its dotted path)
   that returns True, False, or None for "go by the rule".
3. A URL in the body or in an alternative of it carries a secret: a token as Django's
   PasswordResetTokenGenerator makes it (`…/c9x1q2-<32 hexadecimal digits>`), a value signed by
   `django.core.signing`, or a query parameter by the name of token, key, code, otp, secret, signature,
   sesame, magic, ticket or nonce (or one that ends in `_token` and so on).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.utils.module_loading import import_string

from mailbridge_django.configuration import SETTING, own_settings

_URL = re.compile(r"https?://[^\s<>\"']{8,4096}", re.IGNORECASE).findall
_SECRET = re.compile(
    r"[/=?&:][0-9a-z]{1,13}-[0-9a-f]{32}(?![0-9a-zA-Z])"  # django.contrib.auth.tokens
    r"|:[0-9a-zA-Z]{6}:[\w-]{43}(?![\w-])"  # TimestampSigner, signing.dumps
    r"|[?&;#](?:\w*[_-])?(?:token|key|code|otp|secret|signature|sesame|magic|ticket|nonce)=[^&\s]{4}",
    re.IGNORECASE,
).search

_ESCAPED = re.compile("&amp;|%3A", re.IGNORECASE).sub


def is_sensitive(message: EmailMessage) -> bool:
    """Say whether a message is sensitive by the setting and the rule (1 is for the caller)."""
    wanted = setting()
    if callable(wanted):
        wanted = wanted(message)
    return carries_secret(message) if wanted is None else bool(wanted)


def setting() -> Any:
    """Return `MAILBRIDGE["SENSITIVE"]`: a boolean, a function, or None. Raises ImproperlyConfigured."""
    wanted = own_settings().get("SENSITIVE")
    if not isinstance(wanted, str):
        return wanted
    try:
        return import_string(wanted)
    except ImportError as error:
        raise ImproperlyConfigured(f"{SETTING}['SENSITIVE']: {wanted!r} cannot be imported: {error}.") from error


def carries_secret(message: EmailMessage) -> bool:
    """Say whether a URL in the message lets its reader in."""
    return any(_SECRET(_plain(url)) for text in _texts(message) for url in _URL(text))


def _texts(message: EmailMessage) -> Iterator[str]:
    contents: list[Any] = [message.body or "", *(each[0] for each in getattr(message, "alternatives", None) or ())]
    for content in contents:
        text = content if isinstance(content, str) else _decoded(content)
        if "://" in text:
            yield text


def _decoded(content: Any) -> str:
    return content.decode(errors="replace") if isinstance(content, bytes) else str(content)


def _plain(url: str) -> str:
    """Return the URL as it is called, also where it stands in HTML."""
    return _ESCAPED(lambda found: ":" if found[0].startswith("%") else "&", url)
