"""Contents: the forms of the body and the files, in SendGrid's shapes."""

from __future__ import annotations

import re

from mailbridge.extend import Attachment, Message, MessageInvalid, Transport, alternatives, base64_of, unsupported
from mailbridge.transports.sendgrid.personalization import is_dynamic

_METHOD = re.compile(r';\s*method="?([A-Za-z-]+)"?').search
_UTF8 = re.compile(r'; ?charset="?(?:utf-8|us-ascii)"?(?=;|$)', re.IGNORECASE).sub


def content(message: Message, transport: Transport) -> list[dict[str, str]]:
    """Return the forms of the body; empty ones are left out, for SendGrid refuses them.

    Raises MessageInvalid and Unsupported.
    """
    forms = alternatives(message)
    if is_dynamic(message):
        if forms:
            raise MessageInvalid(
                "text: a dynamic template of SendGrid has the text; what the message says beside it is ignored.",
                field="text",
            )
        return []
    if message.template is None:
        # https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors (2026-11-22)
        if not forms:
            raise MessageInvalid("text: SendGrid takes no message without a text or another content.", field="text")
        if not message.subject:
            raise MessageInvalid("subject: SendGrid takes no message without a subject.", field="subject")
    return [{"type": _type(kind, transport), "value": _text(value, transport)} for kind, value in forms]


def _type(kind: str, transport: Transport) -> str:
    """Return a content type without parameters: it "cannot contain ';'", but for the method of a calendar.

    Seen in the API's answers, and said by SendGrid's support in sendgrid-ruby issue 298 (2018).
    """
    bare = _UTF8("", kind)
    if ";" in bare and not (bare.startswith("text/calendar;") and _METHOD(bare)):
        raise unsupported("alternatives", transport)
    return bare


def _text(value: str | bytes, transport: Transport) -> str:
    if isinstance(value, str):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise unsupported("alternatives", transport) from None


def file(attachment: Attachment) -> dict[str, str]:
    """Return an attached or inline file. Raises MessageInvalid for an empty one."""
    if not attachment.content:
        raise MessageInvalid("attachments: SendGrid takes no empty file.", field="attachments")
    kind = attachment.mime_type
    # The charset is left out: SendGrid rewrites it, and declares ISO-8859-1 (seen by Anymail, issue 150).
    if kind == "text/calendar" and (method := _METHOD(attachment.content_type)):
        kind = f"{kind}; method={method[1]}"
    said = {"content": base64_of(attachment), "filename": attachment.filename or "attachment", "type": kind}
    if attachment.content_id:
        said["content_id"] = attachment.content_id
    if attachment.disposition == "inline":
        said["disposition"] = "inline"
    return said
