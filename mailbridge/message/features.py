"""The features a message may use, by name.

A transport lists what it can express. A message that uses more is refused with `Unsupported` before
anything is sent; it is never sent with something missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailbridge.message.message import Message

__all__ = ["ADVISORY", "ALL", "CONTENT", "DESCRIPTIONS", "ENVELOPE", "LOCAL", "MIME", "NONE", "SMTP", "features_of"]

DESCRIPTIONS = {
    "8bitmime": "octets over 127 in what may not be encoded anew (RFC 6152)",
    "alternatives": "further forms of the body beside text and HTML",
    "amp": "an AMP form of the body",
    "attachments": "attached files",
    "calendar": "a calendar invitation as a form of the body",
    "date": "a Date of the caller's",
    "dsn": "delivery reports on request (RFC 3461)",
    "envelope": "recipients apart from those in the headers",
    "envelope_sender": "a bounce address apart from From and Sender",
    "headers": "further headers",
    "html": "an HTML form of the body",
    "idempotency_key": "a key by which a repeated send is recognised",
    "inline": "files shown inside the HTML",
    "list_unsubscribe": "List-Unsubscribe, also by one click (RFC 8058)",
    "merge_data": "template data for each recipient",
    "merge_global": "template data for all recipients",
    "merge_headers": "headers for each recipient",
    "merge_metadata": "metadata for each recipient",
    "message_id": "a Message-ID of the caller's",
    "metadata": "data that events bring back",
    "multiple_from": "several authors",
    "multiple_reply_to": "several addresses to reply to",
    "priority": "high or low priority",
    "provider_options": "options of one provider",
    "raw": "a message that was rendered beforehand",
    "require_tls": "encryption on every hop (RFC 8689)",
    "send_at": "sending later",
    "sender": "a Sender apart from From",
    "smtputf8": "addresses with non-ASCII local parts (RFC 6531)",
    "stream": "a named message stream",
    "tags": "tags that events bring back",
    "template": "a template kept by the provider",
    "threading": "In-Reply-To and References",
    "track_clicks": "click tracking, switched on",
    "track_opens": "open tracking, switched on",
}

ALL = frozenset(DESCRIPTIONS)

LOCAL = ALL - {"idempotency_key"}
"""What a transport for development takes: everything, but it recognises no repeated send."""

CONTENT = frozenset({
    "alternatives", "amp", "attachments", "calendar", "date", "headers", "html", "inline", "list_unsubscribe",
    "message_id", "multiple_from", "multiple_reply_to", "priority", "raw", "sender", "threading",
})  # fmt: skip
"""What every transport that takes MIME can express."""

ENVELOPE = frozenset({"envelope", "envelope_sender"})
"""What every transport that is told sender and recipients apart from the headers can express."""

MIME = CONTENT | ENVELOPE | {"smtputf8"}
"""What a transport can express that hands MIME and an envelope to a mail server."""

SMTP = MIME | {"8bitmime", "dsn", "require_tls"}
"""What SMTP can express, given a server with the extensions."""

ADVISORY = frozenset({"idempotency_key", "provider_options"})
"""What a transport may leave unused without loss: options are addressed to the provider they name, and
a key serves our own outbox too."""

NONE: frozenset[str] = frozenset()

_BY_FIELD = {
    **{name: name for name in ALL - {"8bitmime", "attachments", "inline", "dsn", "smtputf8"}},
    "also_from": "multiple_from",
    "in_reply_to": "threading",
    "references": "threading",
}

_PRIVATE = frozenset({"merge_data", "merge_headers", "merge_metadata"})
"""What makes private copies, even where it is empty: elsewhere everybody in `to` would see the others."""


def features_of(message: Message) -> frozenset[str]:
    """Return the names of the features that `message` uses."""
    used = {
        feature
        for name, value in list(message.__dict__.items())  # another thread may compute the envelope just now
        if (feature := _BY_FIELD.get(name)) and (value or value == "" or feature in _PRIVATE) and value != "normal"
    }
    if message.attachments:
        used.update(["inline" if each.inline else "attachments" for each in message.attachments])
    if len(message.reply_to) > 1:
        used.add("multiple_reply_to")
    if message.envelope.asks_dsn:
        used.add("dsn")
    if _needs_utf8(message):
        used.add("smtputf8")
    return frozenset(used) if used else NONE


def _needs_utf8(message: Message) -> bool:
    envelope = message.envelope
    named = (message.from_, *message.also_from, *message.to, *message.cc, *message.reply_to, *envelope.recipients)
    for each in named:  # a loop, for a generator would take longer than all the rest
        if not each.wire.isascii():
            return True
    return envelope.sender is not None and envelope.sender.needs_utf8
