"""SMTP2GO's requests read back."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from datetime import datetime
from email.header import decode_header, make_header
from typing import Any

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "smtp2go://api-CA0A5401234567890ABCDEF012345678@default"

TOLERATED = {"inline.name": "the name of a picture is what the HTML finds it by, so the content id stands there"}

_MAILBOX = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^"<>]+)) <([^>]*)>').fullmatch


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if request.url.endswith("/permissions"):
        return _json(["/email/send", "/email/batch"])
    said = json.loads(request.body)
    if request.url.endswith("/batch"):
        return _json([{"email_id": f"1u0SwL-{n}"} for n, _ in enumerate(said["emails"])])
    return _json({"succeeded": 1, "failed": 0, "failures": [], "email_id": "1u0SwL-B9zBpi9ffUq-JAB2"})


def _json(data: object) -> HttpResponse:
    body = json.dumps({"request_id": "aa253464-0bd0-467a-b24b-6159dcd7be60", "data": data})
    return HttpResponse(200, [("Content-Type", "application/json")], body.encode())


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the messages of a call."""
    if "/email/" not in request.url:
        return []
    said = json.loads(request.body)
    return [_decoded(each) for each in said.get("emails", [said])]


def _decoded(said: dict[str, Any]) -> Decoded:
    headers = [(each["header"], each["value"]) for each in said.get("custom_headers", [])]
    assert all(value.isascii() for _, value in headers)
    reply_to = [
        each
        for name, value in headers
        if name == "Reply-To"
        for each in re.split(r", (?=[^\"]*(?:\"[^\"]*\"[^\"]*)*$)", value)
    ]
    return Decoded(
        from_=[_mailbox(said["sender"])],
        to=_mailboxes(said, "to"),
        cc=_mailboxes(said, "cc"),
        bcc=_mailboxes(said, "bcc"),
        reply_to=[_mailbox(each) for each in reply_to],
        subject=said.get("subject", ""),
        text=said.get("text_body", ""),
        html=said.get("html_body", ""),
        attachments=[
            *(_file(each, inline=False) for each in said.get("attachments", [])),
            *(_file(each, inline=True) for each in said.get("inlines", [])),
        ],
        headers=[(name, _text(value)) for name, value in headers if name != "Reply-To"],
        send_at=datetime.strptime(said["schedule"], "%Y-%m-%d %H:%M:%S %z") if "schedule" in said else None,
        template=(said["template_id"], None) if "template_id" in said else None,
        merge=said.get("template_data", {}),
    )


def _mailboxes(said: dict[str, Any], field: str) -> list[Address]:
    return [_mailbox(each) for each in said.get(field, [])]


def _mailbox(text: str) -> Address:
    found = _MAILBOX(text)
    if not found:
        return Address(text)
    quoted, words, spec = found.groups()
    return Address(spec, _text(words) if words else re.sub(r"\\(.)", r"\1", quoted))


def _text(value: str) -> str:
    return str(make_header(decode_header(value))) if "=?" in value else value


def _file(said: dict[str, str], *, inline: bool) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["fileblob"], validate=True),
        name=said["filename"],
        content_type=said["mimetype"],
        inline=inline,
        content_id=said["filename"] if inline else "",
    )
