"""What every call says of a message, and the message itself in MIME."""

from __future__ import annotations

import re
from binascii import b2a_base64
from typing import Any

from mailbridge.extend import HttpRequest, Message, MessageInvalid, Mime, Unsupported
from mailbridge.transports.ses.settings import SesOptions

_WORD = re.compile(r"[A-Za-z0-9_-]{1,256}").fullmatch  # API_MessageTag.html (2026-11-22)
_SWITCH = {True: "ENABLED", False: "DISABLED"}


def with_mime(request: HttpRequest, mime: Mime) -> HttpRequest:
    """Return the call with its content, a message as it is, in front of what else it says.

    It is put in as octets: as text, JSON would copy it three times more.
    """
    data = b2a_base64(b"".join(mime.chunks()), newline=False)
    body = b"".join((b'{"Content":{"Raw":{"Data":"', data, b'"}},', request.body[1:]))
    return HttpRequest(request.method, request.url, request.headers, body)


def envelope(message: Message) -> dict[str, list[str]]:
    """Return whom a message in MIME is for; its header stays as it is, whatever stands here."""
    places = {each.key: "BccAddresses" for each in message.bcc}
    places |= {each.key: "CcAddresses" for each in message.cc}
    places |= {each.key: "ToAddresses" for each in message.to}
    said: dict[str, list[str]] = {}
    for each in message.envelope.recipients:
        said.setdefault(places.get(each.key, "ToAddresses"), []).append(each.wire)
    return said


def about(message: Message, options: SesOptions, configuration_set: str, transport: str) -> dict[str, Any]:
    """Return what is said alike for MIME and templates: bounces, tracking, and the options."""
    said: dict[str, Any] = {}
    if name := options.configuration_set or configuration_set:
        said["ConfigurationSetName"] = name
    if address := _bounces_to(message, transport):
        said["FeedbackForwardingEmailAddress"] = address
    if tracking := _tracking(message):
        said["ConfigurationOverrides"] = {"Tracking": tracking}
    named = {
        "FromEmailAddressIdentityArn": options.from_arn,
        "FeedbackForwardingEmailAddressIdentityArn": options.feedback_arn,
        "TenantName": options.tenant,
        "ListManagementOptions": options.subscription and options.subscription.payload,
    }
    said.update({name: value for name, value in named.items() if value})
    return said


def tags_of(message: Message, tag_name: str) -> list[dict[str, str]]:
    """Return the message tags that events bring back: the metadata, and the tag under a name of its own.

    Raises MessageInvalid for what a message tag cannot say.
    """
    if len(message.tags) > 1:
        raise MessageInvalid("tags: SES takes one tag a message; use metadata for more.", field="tags")
    if message.tags and tag_name in message.metadata:
        raise MessageInvalid(
            f"metadata: {tag_name} is the name under which the tag travels; choose another, or set tag_name.",
            field="metadata",
        )
    said = [_tag(name, value, "metadata") for name, value in message.metadata.items()]
    return said + [_tag(tag_name, tag, "tags") for tag in message.tags]


def _tag(name: str, value: Any, field: str) -> dict[str, str]:
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not _WORD(name) or not _WORD(text):
        raise MessageInvalid(
            f"{field}: SES takes names and values of 1 to 256 ASCII letters, digits, - and _; {name!a} has others.",
            field=field,
        )
    return {"Name": name, "Value": text}


def _bounces_to(message: Message, transport: str) -> str:
    """Return the address that bounces are forwarded to, or an empty string where From gets them anyway."""
    sender = message.envelope.sender
    if sender is None:
        raise Unsupported(
            f"{transport} cannot send from the null sender (<>); bounces have to go somewhere.",
            feature="envelope_sender",
            field="envelope_sender",
            transport=transport,
        )
    return "" if sender.key == message.from_.key else sender.wire


def _tracking(message: Message) -> dict[str, str]:
    switches = {"OpenTrackingEnabled": message.track_opens, "ClickTrackingEnabled": message.track_clicks}
    return {name: _SWITCH[wanted] for name, wanted in switches.items() if wanted is not None}
