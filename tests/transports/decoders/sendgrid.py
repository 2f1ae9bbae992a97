"""SendGrid's requests read back."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from email.header import decode_header, make_header
from typing import Any

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "sendgrid://SG.canary0123456789.abcdefghijklmnop@default"

TOLERATED = {"attachments.parameters": "it rewrites the charset, so none is given"}


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if request.url.endswith("/v3/scopes"):
        return HttpResponse(200, [("Content-Type", "application/json")], b'{"scopes": ["mail.send"]}')
    return HttpResponse(202, [("X-Message-Id", "14c5d75ce93.dfd.64b469")])


def decode(request: HttpRequest) -> list[Decoded]:
    """Return a message for each personalization."""
    if not request.url.endswith("/v3/mail/send"):
        return []
    said = json.loads(request.body)
    return [_decoded(said, each) for each in said["personalizations"]]


def _decoded(said: dict[str, Any], own: dict[str, Any]) -> Decoded:
    content = [(each["type"], each["value"]) for each in said.get("content", [])]
    forms = dict(content)
    tracking = said.get("tracking_settings", {})
    return Decoded(
        from_=[_mailbox(said["from"])],
        to=_mailboxes(own, "to"),
        cc=_mailboxes(own, "cc"),
        bcc=_mailboxes(own, "bcc"),
        reply_to=_mailboxes(said, "reply_to_list"),
        subject=own.get("subject", ""),
        text=forms.get("text/plain", ""),
        html=forms.get("text/html", ""),
        alternatives=[form for form in content if form[0] not in ("text/plain", "text/html")],
        attachments=[_file(each) for each in said.get("attachments", [])],
        headers=[(name, _decoded_text(text)) for name, text in own.get("headers", {}).items()],
        tags=said.get("categories", []),
        metadata=own.get("custom_args", {}),
        track_opens=tracking.get("open_tracking", {}).get("enable"),
        track_clicks=tracking.get("click_tracking", {}).get("enable"),
        send_at=datetime.fromtimestamp(own["send_at"], UTC) if "send_at" in own else None,
        template=(said["template_id"], None) if "template_id" in said else None,
        merge={name.strip("-"): value for name, value in own.get("substitutions", {}).items()},
    )


def _decoded_text(text: str) -> str:
    assert text.isascii(), "SendGrid wants headers to be encoded"
    return str(make_header(decode_header(text)))


def _mailboxes(said: dict[str, Any], field: str) -> list[Address]:
    return [_mailbox(each) for each in said.get(field, [])]


def _mailbox(said: dict[str, str]) -> Address:
    return Address(said["email"], said.get("name", ""))


def _file(said: dict[str, str]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["content"], validate=True),
        name=said["filename"],
        content_type=said["type"],
        inline=said.get("disposition") == "inline",
        content_id=said.get("content_id", ""),
    )
