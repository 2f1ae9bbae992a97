"""SendPulse's requests read back."""

from __future__ import annotations

import json
from base64 import b64decode
from mimetypes import guess_type
from typing import Any

from support.descriptions import violations

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "sendpulse://0123456789abcdef:canarySECRET0123456789@default"

TOLERATED = {"attachments.parameters": "the name of a file is all that is told of its type; text is taken for UTF-8"}


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if request.url.endswith("/oauth/access_token"):
        return _json({"access_token": "canary.access.token.0123456789", "token_type": "Bearer", "expires_in": 3600})
    if request.url.endswith("/smtp/senders"):
        return _json(["app@example.com"])
    return _json({"result": True, "id": "pzkic9-0afezp-fc"})


def _json(body: object) -> HttpResponse:
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(body).encode())


def judge(request: HttpRequest) -> list[str]:
    """Judge by the description, which names the token endpoint without describing it."""
    return [] if request.url.endswith("/oauth/access_token") else violations("sendpulse", request)


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the message of a call."""
    return [_decoded(json.loads(request.body)["email"])] if request.url.endswith("/smtp/emails") else []


def _decoded(said: dict[str, Any]) -> Decoded:
    template = said.get("template", {})
    return Decoded(
        from_=[_mailbox(said["from"])],
        to=_mailboxes(said, "to"),
        cc=_mailboxes(said, "cc"),
        bcc=_mailboxes(said, "bcc"),
        reply_to=[_mailbox(said["reply_to"])] if "reply_to" in said else [],
        subject=said["subject"],
        text=said.get("text", ""),
        html=b64decode(said.get("html", ""), validate=True).decode(),
        attachments=[_file(*each) for each in said.get("attachments_binary", {}).items()],
        template=(template["id"], None) if template else None,
        merge=template.get("variables", {}),
    )


def _mailboxes(said: dict[str, Any], field: str) -> list[Address]:
    return [_mailbox(each) for each in said.get(field, [])]


def _mailbox(said: dict[str, str]) -> Address:
    return Address(said["email"], said.get("name", ""))


def _file(name: str, content: str) -> DecodedFile:
    return DecodedFile(
        content=b64decode(content, validate=True),
        name=name,
        content_type=guess_type(name)[0] or "application/octet-stream",
    )
