"""Messages and files as Graph's JSON."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from mailbridge.extend import Address, Attachment, Message, MessageInvalid, base64_of
from mailbridge.transports.msgraph.settings import MsGraphOptions

HEADERS = 5
"""How many further headers Graph takes in JSON (microsoftgraph/msgraph-sdk-dotnet#2208)."""

_IN_MIME_ONLY = ("calendar", "raw", "in_reply_to", "references")
_DEFERRED = "SystemTime 0x3FEF"  # PidTagDeferredSendTime, MS-OXOMSG section 2.2.3.4


def needs_mime(message: Message) -> str:
    """Return what of the message JSON cannot say, in words, or an empty string.

    JSON has one form of the body, a few headers that begin with X-, and no reference to another message.
    """
    fields = message.__dict__
    for field in _IN_MIME_ONLY:
        if field in fields:
            return field
    if message.text is not None and message.html is not None:
        return "text beside html"
    if len(message.headers) > HEADERS:
        return f"more than {HEADERS} headers"
    return "" if message.to else "no address in to"  # microsoftgraph/microsoft-graph-docs#7878


def check_headers(message: Message) -> None:
    """Raise MessageInvalid for a header that would not arrive."""
    for name, _ in message.headers:
        if not name.lower().startswith("x-"):
            raise MessageInvalid(
                f"headers: Exchange removes {name}; it lets through those that begin with X-.",
                field="headers",
                hints=["Leave it out, or send by another transport."],
            )


def payload(message: Message, options: MsGraphOptions, *, files: bool = True) -> dict[str, Any]:
    """Return the message resource (learn.microsoft.com/graph/api/resources/message), with or without its files."""
    said: dict[str, Any] = {
        "subject": message.subject,
        "body": {"contentType": "html", "content": message.html}
        if message.html is not None
        else {"contentType": "text", "content": message.text or ""},
        "from": _recipient(message.from_),
    }
    if message.sender is not None:
        said["sender"] = _recipient(message.sender)
    for name, people in (
        ("toRecipients", message.to),
        ("ccRecipients", message.cc),
        ("bccRecipients", message.bcc),
        ("replyTo", message.reply_to),
    ):
        if people:
            said[name] = [_recipient(each) for each in people]
    if message.headers:
        said["internetMessageHeaders"] = [{"name": name, "value": value} for name, value in message.headers]
    if message.priority in ("high", "low"):
        said["importance"] = message.priority
    if message.send_at is not None:
        moment = message.send_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        said["singleValueExtendedProperties"] = [{"id": _DEFERRED, "value": moment}]
    if files and message.attachments:
        said["attachments"] = [file(each) for each in message.attachments]
    return said | _asked(options)


def file(each: Attachment) -> dict[str, Any]:
    """Return a file that travels in the call."""
    said = {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": name_of(each),
        "contentType": each.content_type,
        "contentBytes": base64_of(each),
    }
    return said | _inline(each)


def item(each: Attachment) -> dict[str, Any]:
    """Return the announcement of a file that is uploaded."""
    said = {
        "attachmentType": "file",
        "name": name_of(each),
        "size": len(each.content),
        "contentType": each.content_type,
    }
    return {"AttachmentItem": said | _inline(each)}


def name_of(each: Attachment) -> str:
    """Return the name of a file; Graph wants one."""
    return each.filename or "attachment"


def _inline(each: Attachment) -> dict[str, Any]:
    said: dict[str, Any] = {"isInline": True} if each.inline else {}
    return said | ({"contentId": each.content_id} if each.content_id else {})


def _asked(options: MsGraphOptions) -> dict[str, Any]:
    named = {
        "categories": options.categories,
        "isReadReceiptRequested": options.read_receipt,
        "isDeliveryReceiptRequested": options.delivery_receipt,
    }
    return {name: value for name, value in named.items() if value is not None}


def _recipient(address: Address) -> dict[str, Any]:
    said = {"address": address.wire}
    return {"emailAddress": said | {"name": address.name} if address.name else said}
