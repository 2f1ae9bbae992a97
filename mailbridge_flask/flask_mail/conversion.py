"""A message of Flask-Mail's shape, ours or a `flask_mail.Message`, as a mailbridge Message."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Collection
from datetime import datetime
from typing import Any

from mailbridge import Alternative, Attachment, Envelope, Message, MessageInvalid
from mailbridge_flask.flask_mail.addresses import each, one, several
from mailbridge_flask.flask_mail.failures import BadHeaderError, Incomplete
from mailbridge_flask.flask_mail.headers import header_fields
from mailbridge_flask.flask_mail.options import envelope_options
from mailbridge_flask.flask_mail.text import breaks, unfolded

_RANKS = {"plain": (0, "text"), "x-amp-html": (1, "amp"), "html": (2, "html")}
_REST = 3


def converted(
    message: Any,
    *,
    sender: Any = None,
    envelope_from: Any = None,
    ascii_attachments: bool = False,
    features: Collection[str] = ("date", "message_id"),
) -> Message:
    """Return the message as a Mailer takes it.

    Args:
        message: anything with the attributes of `flask_mail.Message`.
        sender: the author where the message names none.
        envelope_from: where bounces go, if not to the sender.
        ascii_attachments: whether names of files are cut down to ASCII letters.
        features: what the transport can express. Where a provider dates messages and numbers them itself, its
            date and id stand in the place of ours, which every message has.

    Raises BadHeaderError, Incomplete (an AssertionError) without sender or recipients, MessageInvalid.
    """
    check(message)
    if not (author := message.sender or sender):
        raise Incomplete(
            "The message has no sender.", field="sender", hints=["Name one, or set MAIL_DEFAULT_SENDER for all."]
        )
    fields: dict[str, Any] = {
        "from_": one(author, "sender"),
        "to": each(message.recipients, "recipients"),
        "cc": each(message.cc, "cc"),
        "bcc": each(message.bcc, "bcc"),
        "subject": unfolded(message.subject or ""),
        **_forms(message),
    }
    if "message_id" in features:
        fields["message_id"] = message.msgId
    if "date" in features:
        fields["date"] = datetime.fromtimestamp(time.time() if message.date is None else message.date).astimezone()
    if message.reply_to:
        fields["reply_to"] = several(message.reply_to, "reply_to")
    if message.attachments:
        fields["attachments"] = [_attachment(file, ascii_only=ascii_attachments) for file in message.attachments]
    fields |= header_fields(message.extra_headers)
    return Message(**_envelope(message, fields, envelope_from), **fields)


def check(message: Any) -> None:
    """Refuse a message without recipients, or with line breaks in its headers. Raises Incomplete, BadHeaderError."""
    if not (message.recipients or message.cc or message.bcc):
        raise Incomplete("The message has no recipients.", field="recipients")
    if field := bad_header(message):
        raise BadHeaderError(f"{field} has a line break, by which further headers could be added.", field=field)


def bad_header(message: Any) -> str:
    """Return the field that has a line break where none may be, or nothing."""
    headers = dict(message.extra_headers or {})
    values = {
        "subject": [unfolded(message.subject or "")],
        "sender": [message.sender],
        "reply_to": [message.reply_to],
        "recipients": message.recipients,
        "cc": message.cc,
        "bcc": message.bcc,
        "extra_headers": [*headers, *map(unfolded, headers.values())],
    }
    return next((field for field, texts in values.items() if any(map(_breaks, texts or ()))), "")


def _breaks(value: Any) -> bool:
    return any(map(breaks, value)) if isinstance(value, (tuple, list)) else breaks(value)


def _forms(message: Any) -> dict[str, Any]:
    """Return text, amp, html and alternatives.

    Flask-Mail writes the body, then `alts` in their order. A form gets the field of its own only where
    that keeps the order, for readers show the last form they know.
    """
    fields: dict[str, Any] = {}
    alternatives: list[Alternative] = []
    alts = message.alts or {}
    forms = [("plain", message.body)] if message.body or not any(alts.values()) else []
    rank = -1
    for subtype, content in [*forms, *alts.items()]:
        if content is None:
            continue
        own, name = _RANKS.get(subtype, (_REST, ""))
        if name and own > rank:
            fields[name], rank = _text(content), own
        else:
            alternatives.append(Alternative(_text(content), f"text/{subtype}"))
            rank = _REST
    return {**fields, "alternatives": alternatives} if alternatives else fields


def _text(content: Any) -> str:
    return content.decode() if isinstance(content, bytes) else str(content or "")


def _attachment(file: Any, *, ascii_only: bool) -> Attachment:
    headers = {name.lower(): str(value) for name, value in dict(file.headers or {}).items()}
    content_id = headers.pop("content-id", None)
    if headers:
        raise MessageInvalid(
            f"attachments: the header {min(headers)!r:.80} of a part cannot be set; only Content-ID can.",
            field="attachments",
        )
    disposition: Any = file.disposition or "attachment"
    return Attachment(
        file.data,
        _file_name(file.filename, ascii_only=ascii_only),
        file.content_type,
        content_id=content_id,
        inline=content_id is not None and disposition == "inline",
        disposition=disposition,
    )


def _file_name(name: str | None, *, ascii_only: bool) -> str | None:
    if not name or not ascii_only:
        return name or None
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return " ".join(plain.split()) or None


def _envelope(message: Any, fields: dict[str, Any], envelope_from: Any) -> dict[str, Any]:
    """Return the fields of the envelope, where it is another than the headers say.

    As in Flask-Mail, bounces go to the author, though there be a `Sender` header.
    """
    options = envelope_options(message.mail_options, message.rcpt_options)
    said: dict[str, Any] = {"require_tls": True} if options.pop("require_tls", False) else {}
    bounces: Any = fields.pop("envelope_sender", None) or (fields["from_"] if "sender" in fields else None)
    if envelope_from:
        bounces = envelope_from if envelope_from == "<>" else one(envelope_from, "envelope_from")
    if options:
        sender = None if bounces == "<>" else bounces or fields["from_"]
        everybody = (*fields["to"], *fields["cc"], *fields["bcc"])
        return {**said, "envelope": Envelope(sender, everybody, **options)}
    return said if bounces is None else {**said, "envelope_sender": bounces}
