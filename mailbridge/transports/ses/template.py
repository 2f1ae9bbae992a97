"""Messages that SES itself fills in: a template it keeps, or one that travels along, and data for it."""

from __future__ import annotations

from json import dumps
from typing import Any

from mailbridge.extend import (
    Attachment,
    Message,
    MessageInvalid,
    Unsupported,
    base64_of,
    encoded_form,
    encoded_text,
    header_pairs,
)

# API_Template.html, API_MessageHeader.html and API_Attachment.html of the API reference (2026-11-22).
_HEADERS = 15
_HEADER = 996  # characters of name and value
_LABEL = 78  # characters of a content type, a content id

_BODY = ("subject", "text", "html")
_INEXPRESSIBLE = {
    "also_from": "multiple_from",
    "sender": "sender",
    "amp": "amp",
    "calendar": "calendar",
    "alternatives": "alternatives",
    "envelope": "envelope",
    "raw": "raw",
}
"""The fields that only MIME can express, and their features."""


def is_templated(message: Message) -> bool:
    """Whether SES has to fill the message in."""
    return message.template is not None or bool(message.merge_global) or bool(message.merge_data)


def template(message: Message, transport: str) -> dict[str, Any]:
    """Return the template of a message with its files, without data.

    Text and HTML with merge data, and no template named, are the template: `{{name}}` stands for data.
    Raises MessageInvalid and Unsupported.
    """
    for field, feature in _INEXPRESSIBLE.items():
        if message.__dict__.get(field) and not (field == "sender" and message.sender == message.from_):
            raise Unsupported(
                f"{transport} cannot express {feature} in a message that SES fills in from a template.",
                feature=feature,
                field=field,
                transport=transport,
            )
    said: dict[str, Any] = {"TemplateContent": _content(message)} if message.template is None else _stored(message)
    if message.attachments:
        said["Attachments"] = [_file(each) for each in message.attachments]
    return said


def data_of(message: Message) -> str:
    """Return the data for the template, as JSON."""
    return dumps(dict(message.merge_global), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def headers_of(message: Message) -> list[dict[str, str]]:
    """Return the further headers, in ASCII. Raises MessageInvalid when there are too many, or too long."""
    pairs = [(name, encoded_text(value)) for name, value in header_pairs(message, without=("message-id",)) if value]
    if len(pairs) > _HEADERS:
        raise MessageInvalid(
            f"headers: with a template SES takes {_HEADERS} further headers at most, these are {len(pairs)}.",
            field="headers",
        )
    for name, value in pairs:
        if len(name) + len(value) > _HEADER:
            raise MessageInvalid(
                f"headers: with a template SES takes {_HEADER} characters a header at most, {name} has more.",
                field="headers",
            )
    return [{"Name": name, "Value": value} for name, value in pairs]


def authors(message: Message) -> dict[str, Any]:
    """Return who wrote it, and where answers go."""
    said: dict[str, Any] = {"FromEmailAddress": encoded_form(message.from_)}
    if message.reply_to:
        said["ReplyToAddresses"] = [encoded_form(each) for each in message.reply_to]
    return said


def destination(message: Message) -> dict[str, list[str]]:
    """Return the recipients with their names, each once: SES makes the headers of them."""
    said: dict[str, list[str]] = {}
    taken: set[str] = set()
    for name, field in (("ToAddresses", message.to), ("CcAddresses", message.cc), ("BccAddresses", message.bcc)):
        fresh = {each.key: encoded_form(each) for each in field if each.key not in taken}
        if fresh:
            said[name] = list(fresh.values())
            taken.update(fresh)
    return said


def _stored(message: Message) -> dict[str, str]:
    for field in _BODY:
        if getattr(message, field):
            raise MessageInvalid(f"{field}: it is the template that says it; leave it out.", field=field)
    assert message.template is not None  # noqa: S101
    if message.template.version is not None:
        raise MessageInvalid("template: SES keeps no versions of a template.", field="template")
    name = message.template.id
    return {"TemplateArn" if name.startswith("arn:") else "TemplateName": name}


def _content(message: Message) -> dict[str, str]:
    bodies = {"Text": message.text, "Html": message.html}
    return {"Subject": message.subject, **{name: value for name, value in bodies.items() if value}}


def _file(file: Attachment) -> dict[str, str]:
    said = {
        "RawContent": base64_of(file),
        "FileName": file.filename or "attachment",
        "ContentType": file.content_type,
        "ContentDisposition": "INLINE" if file.inline else "ATTACHMENT",
    }
    if file.content_id:
        said["ContentId"] = file.content_id
    for name in ("ContentType", "ContentId"):
        if len(said.get(name, "")) > _LABEL:
            raise MessageInvalid(
                f"attachments: with a template SES takes {_LABEL} characters in a file's {name} at most.",
                field="attachments",
            )
    return said
