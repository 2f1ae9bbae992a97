"""The body of a Django message and its further forms, as fields of a mailbridge Message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core.mail import EmailMessage

from mailbridge import Alternative

_RANKS = {"text/plain": (0, "text"), "text/x-amp-html": (1, "amp"), "text/html": (2, "html")}
_REST = 3
_INVITATION = re.compile(r'text/calendar *; *method="?([A-Za-z-]+)"?').fullmatch


class NotOurs(ValueError):
    """mailbridge's model cannot hold a part; Django has to render the message. The text says why."""


def body_fields(message: EmailMessage) -> dict[str, Any]:
    """Return text, html, amp, calendar and alternatives.

    Django writes the forms in the order given; mailbridge writes the plainest first. So a form gets the
    field of its own only where that keeps the order, and is a general alternative otherwise.
    """
    fields: dict[str, Any] = {}
    alternatives: list[Alternative] = []
    rank = -1
    forms = list(_forms(message))
    for number, (content, kind) in enumerate(forms):
        own, name = _RANKS.get(kind.lower(), (_REST, ""))
        if name and own > rank and isinstance(content, str):
            fields[name], rank = content, own
        elif number and number == len(forms) - 1 and (method := _method(content, kind)):
            fields["calendar"], fields["method"] = content, method
        else:
            alternatives.append(_alternative(content, kind))
            rank = _REST
    if alternatives:
        fields["alternatives"] = alternatives
    return fields


def _forms(message: EmailMessage) -> Iterator[tuple[Any, str]]:
    """Yield content and type of each form that Django would write."""
    alternatives = getattr(message, "alternatives", None) or ()
    if message.body or not (alternatives or message.attachments):
        yield _body(message.body or ""), f"text/{message.content_subtype}"
    for content, kind in alternatives:
        kind = str(kind)
        if "charset" in kind.lower():
            raise NotOurs(f"an alternative of the type {kind} names a charset")
        if isinstance(content, bytes) and kind.startswith("text/"):
            yield content.decode(), kind
        elif isinstance(content, (str, bytes, bytearray, memoryview)):
            yield content, kind
        else:
            yield str(content), kind  # a lazy string


def _body(body: Any) -> str:
    return body.decode(errors="surrogateescape") if isinstance(body, bytes) else str(body)


def _alternative(content: Any, kind: str) -> Alternative:
    if isinstance(content, str) and not kind.lower().startswith("text/"):
        content = content.encode()
    return Alternative(content, kind)


def _method(content: Any, kind: str) -> str:
    """Return the method of an invitation whose type and text agree on it, and whose spelling is ours."""
    named = _INVITATION(kind)
    if not named or not isinstance(content, str) or not named[1].isupper():
        return ""
    said = re.search(r"(?im)^METHOD:([A-Z-]{1,40})\r?$", content)
    return named[1] if said and said[1].upper() == named[1] else ""
