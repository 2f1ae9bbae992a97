"""The header overrides of a Django message (`headers=`), as fields of a mailbridge Message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from django.utils.encoding import force_str

from mailbridge import MessageInvalid
from mailbridge_django import addresses
from mailbridge_django.bodies import NotOurs

_OVERRIDES = {"From": "from_", "To": "to", "Cc": "cc", "Reply-To": "reply_to"}
"""Django looks these up by this spelling only, and drops them under another."""

_DROPPED = frozenset(name.lower() for name in _OVERRIDES)
_LINKS = re.compile(r"\s*<([^<>]+)>\s*(?:,\s*<([^<>]+)>\s*)*").fullmatch


def header_fields(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the overrides say, in the fields of Message.

    Raises MessageInvalid, and NotOurs for what only Django's own rendering can keep.
    """
    fields: dict[str, Any] = {
        field: addresses.several(headers[name], name) for name, field in _OVERRIDES.items() if name in headers
    }
    others = []
    for name, value in headers.items():
        lower = name.lower()
        if lower == "bcc":
            raise MessageInvalid("Bcc is no header of a message; name the recipients in bcc=.", field="headers.bcc")
        if lower in _FIELDS:
            field, read = _FIELDS[lower]
            fields[field] = read(value)
        elif lower not in _DROPPED:
            others.append((name, _text(value)))
    if others:
        fields["headers"] = others
    return fields


def _text(value: Any) -> str:
    text: str = force_str(value)
    if "=?" in text:
        raise NotOurs("a header has encoded words")
    return text


def _date(value: Any) -> datetime:
    """Read a Date that is written the way it would be written again."""
    if isinstance(value, datetime):
        return value
    try:
        found = parsedate_to_datetime(str(value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or format_datetime(found) != str(value).strip():
        raise NotOurs("the Date is written in another way than RFC 5322 asks for")
    return found


def _links(value: Any) -> list[str]:
    text = _text(value)
    if not _LINKS(text):
        raise NotOurs("List-Unsubscribe is not written as RFC 2369 asks for")
    return re.findall(r"<([^<>]+)>", text)


def _one_click(value: Any) -> bool:
    if _text(value).strip() != "List-Unsubscribe=One-Click":
        raise NotOurs("List-Unsubscribe-Post says something else than One-Click")
    return True


def _sender(value: Any) -> Any:
    return addresses.one(value, "Sender")


def _words(value: Any) -> list[str]:
    return _text(value).split()


_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "sender": ("sender", _sender),
    "date": ("date", _date),
    "message-id": ("message_id", lambda value: _text(value).strip()),
    "in-reply-to": ("in_reply_to", lambda value: _text(value).strip()),
    "references": ("references", _words),
    "list-unsubscribe": ("list_unsubscribe", _links),
    "list-unsubscribe-post": ("list_unsubscribe_post", _one_click),
}
