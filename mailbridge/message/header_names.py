"""Which headers a caller may set by name, and which field says the others."""

from __future__ import annotations

import re

from mailbridge.errors import MessageInvalid
from mailbridge.message.text import shown

_NAME = re.compile(r"[!-9;-~]{1,76}").fullmatch  # RFC 5322 3.6.8; 76 leaves room for ": " in a line of 78

FIELDS = {
    "from": "from_",
    "to": "to",
    "cc": "cc",
    "bcc": "bcc",
    "sender": "sender",
    "reply-to": "reply_to",
    "subject": "subject",
    "date": "date",
    "message-id": "message_id",
    "in-reply-to": "in_reply_to",
    "references": "references",
    "list-unsubscribe": "list_unsubscribe",
    "list-unsubscribe-post": "list_unsubscribe_post",
    "return-path": "envelope_sender",
}
"""The field of `Message` that a header is written from, by the header's name in lower case."""

_ALSO_BY_RECIPIENT = frozenset({"list-unsubscribe", "list-unsubscribe-post", "in-reply-to", "references"})
"""What has a field but may differ between recipients, so that merge_headers takes it."""

# Written from the content, or by servers on the way; a forged one would be believed.
_NOT_THE_CALLERS = frozenset({"mime-version", "received", "authentication-results", "delivered-to", "x-original-to"})
_FAMILIES = ("content-", "dkim-", "arc-", "resent-", "received-")


def header_name(value: object, field: str = "headers", *, by_recipient: bool = False) -> str:
    """Return `value` if it names a header that a caller may set, else raise MessageInvalid for `field`."""
    if not isinstance(value, str) or not _NAME(value):
        raise MessageInvalid(
            f"{field}: {shown(value)} is not a header name: it must have 1 to 76 printable ASCII characters, "
            "none of them a colon or a space.",
            field=field,
        )
    name = value.lower()
    if (instead := FIELDS.get(name)) and not (by_recipient and name in _ALSO_BY_RECIPIENT):
        raise MessageInvalid(f"{field}: {value} is not set by name; use Message({instead}=…).", field=field)
    if name in _NOT_THE_CALLERS or name.startswith(_FAMILIES):
        raise MessageInvalid(
            f"{field}: {value} cannot be set; it is written from the content, or by servers on the way.", field=field
        )
    return value
