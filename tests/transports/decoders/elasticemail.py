"""Elastic Email's requests read back."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from typing import Any

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "elasticemail://0123456789ABCDEF0123456789ABCDEFCANARY@default"

_MAILBOX = re.compile(r'"((?:[^"\\]|\\.)*)" <([^>]*)>').fullmatch
_FORMS = {"AMP": "text/x-amp-html"}


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if request.url.endswith("/domains"):
        return _json([{"Domain": "example.com"}])
    return _json({"TransactionID": "22a2b2fc-1d5e", "MessageID": "-HHGPM_9RPhSMiaJq_ab4g3"})


def _json(body: object) -> HttpResponse:
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(body).encode())


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the message, or one for each recipient who gets a private copy."""
    if "/emails" not in request.url:
        return []
    said = json.loads(request.body)
    content, to = said["Content"], said["Recipients"]
    if isinstance(to, list):
        return [_decoded(said, {"To": [each["Email"]]}, each.get("Fields", {})) for each in to]
    return [_decoded(said, to, content.get("Merge", {}))]


def _decoded(said: dict[str, Any], to: dict[str, list[str]], merge: dict[str, str]) -> Decoded:
    content, options = said["Content"], said.get("Options", {})
    assert all(each["Charset"] == "utf-8" for each in content.get("Body", []))
    forms = {each["ContentType"]: each["Content"] for each in content.get("Body", [])}
    return Decoded(
        from_=[_mailbox(content["From"])],
        to=_mailboxes(to, "To"),
        cc=_mailboxes(to, "CC"),
        bcc=_mailboxes(to, "BCC"),
        reply_to=[_mailbox(content["ReplyTo"])] if "ReplyTo" in content else [],
        envelope_sender=content.get("EnvelopeFrom"),
        subject=content.get("Subject", ""),
        text=forms.get("PlainText", ""),
        html=forms.get("HTML", ""),
        alternatives=[(_FORMS[kind], text) for kind, text in forms.items() if kind in _FORMS],
        attachments=[_file(each) for each in content.get("Attachments", [])],
        headers=list(content.get("Headers", {}).items()),
        tags=[options["ChannelName"]] if "ChannelName" in options else [],
        metadata=json.loads(content.get("Postback", "{}")),
        track_opens=options.get("TrackOpens"),
        track_clicks=options.get("TrackClicks"),
        template=(content["TemplateName"], None) if "TemplateName" in content else None,
        merge=merge,
    )


def _mailboxes(said: dict[str, list[str]], field: str) -> list[Address]:
    return [_mailbox(each) for each in said.get(field, [])]


def _mailbox(text: str) -> Address:
    named = _MAILBOX(text)
    return Address(named[2], re.sub(r"\\(.)", r"\1", named[1])) if named else Address(text)


def _file(said: dict[str, Any]) -> DecodedFile:
    content = b64decode(said["BinaryContent"], validate=True)
    assert said["Size"] == len(content)
    return DecodedFile(content=content, name=said["Name"], content_type=said["ContentType"])
