"""Which messages Django has to render itself, and their bytes."""

from __future__ import annotations

import email.policy
from functools import lru_cache

import django
from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives

_SEVEN_BITS = email.policy.SMTP.clone(cte_type="7bit")

_BASES = (EmailMessage, EmailMultiAlternatives)
_RENDERING = {"message", "mixed_subtype", "alternative_subtype"} | {
    name for base in _BASES for name in vars(base) if name.startswith("_") and not name.startswith("__")
}
"""What of Django's classes takes part in rendering. Whoever overrides any of it wants the result."""


def reason_to_render(message: EmailMessage) -> str:
    """Say why Django has to render a message, or nothing if it need not."""
    if overridden := _overridden(message.__class__):
        return f"{type(message).__name__} overrides {overridden}()"
    if "message" in vars(message):
        return "its message() was replaced"
    charset = message.encoding or settings.DEFAULT_CHARSET
    if str(charset).lower() not in ("utf-8", "utf8"):
        return f"it is to be encoded as {charset}"
    return ""


def rendered(message: EmailMessage) -> bytes:
    """Return the bytes that Django's SMTP backend would send, encoded for servers and APIs without 8BITMIME, too.

    Raises ValueError as Django does.
    """
    if django.VERSION >= (6, 0):
        octets: bytes = message.message(policy=_SEVEN_BITS).as_bytes()
        return octets
    octets = message.message().as_bytes(linesep="\r\n")
    return octets


@lru_cache(maxsize=256)
def _overridden(kind: type) -> str:
    """Return the name of what a subclass overrides of Django's rendering, or nothing."""
    for each in kind.__mro__:
        if each in _BASES:
            break
        if found := sorted(_RENDERING & set(vars(each))):
            return found[0]
    return ""
