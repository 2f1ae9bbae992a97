"""From what a request says to the `Message` that a test looks at."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mailbridge.errors import MessageInvalid
from mailbridge.message.alternative import Alternative
from mailbridge.message.attachment import Attachment
from mailbridge.message.envelope import Envelope
from mailbridge.message.header_names import FIELDS
from mailbridge.message.message import Message
from mailbridge.message.parse.header import Field, said
from mailbridge.message.parse.loss import Loss
from mailbridge.message.template import Template
from mailbridge.testing.contract.decoded import Decoded, DecodedFile

__all__ = ["message_of"]

_BODIES = {"text/x-amp-html": "amp", "text/calendar": "calendar"}


def message_of(decoded: Decoded) -> Message:
    """Return a message with all that a request says of it. Raises MessageInvalid for what no message has."""
    if not decoded.from_:
        raise MessageInvalid("from_: the request names no author.", field="from_")
    fields: dict[str, Any] = {
        "from_": list(decoded.from_),
        "to": list(decoded.to),
        "cc": list(decoded.cc),
        "bcc": list(decoded.bcc),
        "reply_to": list(decoded.reply_to),
        "sender": decoded.sender,
        "subject": decoded.subject,
        "text": _body(decoded, decoded.text),
        "html": _body(decoded, decoded.html),
        "attachments": [_file(each) for each in decoded.attachments],
        "tags": list(decoded.tags),
        "metadata": {name: _scalar(value) for name, value in decoded.metadata.items()},
        "track_opens": decoded.track_opens,
        "track_clicks": decoded.track_clicks,
        "send_at": decoded.send_at,
        "stream": decoded.stream,
        "template": None if decoded.template is None else Template(*decoded.template),
        "merge_global": decoded.merge,
        "idempotency_key": decoded.idempotency_key,
        "require_tls": decoded.require_tls,
        "envelope": _envelope(decoded),
    }
    return Message(**fields, **_headers(decoded.headers), **_bodies(decoded.alternatives))


def _body(decoded: Decoded, text: str) -> str | None:
    """Return a form of the body; in MIME lines end as they have to there, not as somebody wrote them."""
    return (text if decoded.raw is None else text.replace("\r\n", "\n")) or None


def _file(file: DecodedFile) -> Attachment:
    kind = file.content_type or None
    return Attachment(file.content, file.name or None, kind, inline=file.inline, content_id=file.content_id or None)


def _scalar(value: Any) -> str | int | float:
    return value if isinstance(value, str | int | float) else json.dumps(value)


def _envelope(decoded: Decoded) -> Envelope | None:
    """Return an envelope where the provider was told other recipients than the header has."""
    if decoded.recipients is None:
        return None
    return Envelope(decoded.envelope_sender or decoded.sender or decoded.from_[0], list(decoded.recipients))


def _headers(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return headers, those that `Message` has a field for in that field; of these the odd ones are left out."""
    fields: dict[str, Any] = {}
    others = []
    for name, value in pairs:
        if name.lower() not in FIELDS:
            others.append((name, value))
            continue
        try:
            fields |= {field: each for field, each in said([Field(name, value)]).items() if field in _OWN}
        except (Loss, MessageInvalid):
            continue  # the request has it, word for word
    if not any(each[:6].lower() == "https:" for each in fields.get("list_unsubscribe", ())):
        fields.pop("list_unsubscribe_post", None)
    return {**fields, "headers": others}


_OWN = frozenset({"message_id", "date", "in_reply_to", "references", "list_unsubscribe", "list_unsubscribe_post"})
"""The fields that come from headers; for the others an API has places of its own."""


def _bodies(alternatives: Iterable[tuple[str, str | bytes]]) -> dict[str, Any]:
    """Return the forms of the body besides text and HTML; AMP and an invitation have fields of their own."""
    found: dict[str, Any] = {}
    others = []
    for kind, content in alternatives:
        field = _BODIES.get(kind.partition(";")[0].strip().lower())
        if field is None or field in found:
            others.append(Alternative(content, kind))
        else:
            found[field] = content if isinstance(content, str) else content.decode()
    return {**found, "alternatives": others} if others else found
