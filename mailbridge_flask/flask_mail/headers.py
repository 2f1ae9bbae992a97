"""`extra_headers` as fields of a mailbridge Message, which writes no header twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from typing import Any

from mailbridge import MessageInvalid
from mailbridge_flask.flask_mail.addresses import one, several
from mailbridge_flask.flask_mail.text import unfolded

_ARGUMENTS = {"from": "sender", "to": "recipients", "cc": "cc", "bcc": "bcc", "subject": "subject"}


def header_fields(headers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the headers say, in the fields of `mailbridge.Message`.

    Raises MessageInvalid for what cannot be read or is no further header.

    >>> header_fields({"X-Order": 17, "List-Unsubscribe": "<https://example.com/u>"})
    {'list_unsubscribe': ['https://example.com/u'], 'headers': [('X-Order', '17')]}
    """
    fields: dict[str, Any] = {}
    others = []
    for name, value in dict(headers or {}).items():
        text = _text(value)
        known = _FIELDS.get(name.lower())
        if known is not None:
            field, read = known
            fields[field] = read(text)
        elif argument := _ARGUMENTS.get(name.lower()):
            raise MessageInvalid(f"extra_headers: {name} belongs into the argument {argument}.", field="extra_headers")
        else:
            others.append((name, text))
    return {**fields, "headers": others} if others else fields


def _date(text: str) -> datetime:
    """Return a date, with the zone it names; without one it is ours."""
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        raise MessageInvalid(f"extra_headers: {text!r:.80} is no date of RFC 5322.", field="extra_headers") from None
    return found.astimezone() if found.tzinfo is None else found


def _text(value: Any) -> str:
    text = unfolded(value).strip()
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, UnicodeError):
        return text


def _links(text: str) -> list[str]:
    return re.findall(r"<([^<>]+)>", text) or [text]


_FIELDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "date": ("date", _date),
    "in-reply-to": ("in_reply_to", str),
    "list-unsubscribe": ("list_unsubscribe", _links),
    "list-unsubscribe-post": ("list_unsubscribe_post", bool),
    "message-id": ("message_id", str),
    "references": ("references", str.split),
    "reply-to": ("reply_to", lambda text: several(text, "extra_headers")),
    "return-path": ("envelope_sender", str),
    "sender": ("sender", lambda text: one(text, "extra_headers")),
}
