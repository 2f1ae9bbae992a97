"""Content: what a transmission says, given in its parts, by a template or as MIME."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mailbridge.extend import (
    Address,
    Attachment,
    Message,
    MessageInvalid,
    Mime,
    Transport,
    base64_of,
    distinct,
    header_map,
    unsupported,
    wire_form,
    wire_forms,
)
from mailbridge.transports.sparkpost.placeholders import MARK, Placeholders
from mailbridge.transports.sparkpost.settings import SparkPostOptions

ITS_OWN = ("message-id",)  # nothing tells that SparkPost keeps ours
_BESIDE_TEMPLATE = ("headers", "threading", "priority", "sender", "attachments", "inline")


def needs_mime(message: Message) -> str:
    """Return what inline content has no place for, in words, or nothing."""
    if message.raw is not None:
        return "a message rendered beforehand"
    if message.alternatives or message.calendar:
        return "further forms of the body"
    if not (message.text or message.html or message.template):
        return "a message without a text"
    if not message.to or "envelope" in message.features:
        return "recipients apart from those in To"
    if any(file.content_id and not file.inline for file in message.attachments):
        return "a content id of an attached file"
    names = [name.lower() for name, _ in message.headers]
    return "a header that is repeated" if len(set(names)) < len(names) else ""


def is_literal(message: Message, options: SparkPostOptions) -> bool:
    """Whether the texts are meant as they stand: no data goes into them."""
    if message.template is not None:
        return False
    if options.perform_substitutions is not None:
        return not options.perform_substitutions
    return "merge_global" not in message.__dict__


def check_options(message: Message, options: SparkPostOptions) -> None:
    """Raise MessageInvalid for an option that SparkPost would ignore, because of a template or for lack of one."""
    templated = message.template is not None
    if options.list_id and not templated:
        raise _ignored("list_id", "without")
    if options.perform_substitutions is False and templated:
        raise _ignored("perform_substitutions", "with")


def _ignored(name: str, how: str) -> MessageInvalid:
    where = "provider_options.sparkpost"
    return MessageInvalid(f"{where}.{name}: SparkPost ignores it {how} a template.", field=where)


def inline(messages: Sequence[Message], placeholders: Placeholders) -> dict[str, Any]:
    """Return the content of messages that agree in all but headers."""
    first = messages[0]
    said: dict[str, Any] = {
        "from": _author(first.from_, placeholders),
        "subject": placeholders.text(first.subject),
        "text": first.text,
        "html": first.html,
        "amp_html": first.amp,
        "reply_to": placeholders.text(wire_forms(first.reply_to)),
        "headers": _headers(messages, placeholders),
        "attachments": [_file(file.filename or "attachment", file) for file in first.attachments if not file.inline],
        "inline_images": [_file(file.content_id or "", file) for file in first.attachments if file.inline],
    }
    return {name: value for name, value in said.items() if value or name == "subject"}


def template(message: Message, options: SparkPostOptions, transport: Transport) -> dict[str, Any]:
    """Return the template, and what goes before its own author and address to reply to.

    Raises MessageInvalid and Unsupported for what SparkPost refuses or ignores beside it.
    """
    assert message.template is not None  # noqa: S101
    for field in ("subject", "text", "html", "amp", "cc"):
        if getattr(message, field):
            raise MessageInvalid(f"{field}: beside a template SparkPost takes none.", field=field)
    for feature in _BESIDE_TEMPLATE:
        if feature in message.features:
            raise unsupported(feature, transport)
    if message.template.version not in (None, "draft", "published"):
        raise MessageInvalid("template: SparkPost knows the versions draft and published.", field="template")
    override: dict[str, Any] = {"from": _author(message.from_, Placeholders(1, literal=False))}
    if message.reply_to:
        override["reply_to"] = wire_forms(message.reply_to)
    if options.list_id:
        override["list_id"] = options.list_id
    content: dict[str, Any] = {"template_id": message.template.id}
    if message.template.version:
        content["use_draft_template"] = message.template.version == "draft"
    return {"content": content, "override": override}


def rfc822(mime: Mime, transport: Transport, *, literal: bool) -> dict[str, str]:
    """Return a message in MIME. Raises where JSON, or the template language in its header, would change it."""
    if literal and any(MARK in value for _, value in mime.headers):
        raise MessageInvalid(
            f"headers: SparkPost would evaluate {MARK} in the header of a MIME message.", field="headers"
        )
    try:
        return {"email_rfc822": bytes(mime).decode()}
    except UnicodeDecodeError:
        raise unsupported("raw", transport) from None


def _author(address: Address, placeholders: Placeholders) -> dict[str, str]:
    said = {"email": address.wire}
    if address.name:
        said["name"] = placeholders.text(address.name)
    return said


def _headers(messages: Sequence[Message], placeholders: Placeholders) -> dict[str, str]:
    """Return all headers by name; Cc is one too, for recipients are only recipients here."""
    rows = [header_map(message, without=ITS_OWN) for message in messages]
    said = {name: placeholders.texts([row[name] for row in rows]) for name in rows[0]}
    if sender := messages[0].sender:
        said["Sender"] = placeholders.text(wire_form(sender))
    if cc := distinct(messages[0]).get("cc"):
        said["CC"] = placeholders.text(wire_forms(cc))
    return said


def _file(name: str, file: Attachment) -> dict[str, str]:
    return {"name": name, "type": file.content_type, "data": base64_of(file)}
