"""Brevo's requests read back."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime
from email.header import decode_header, make_header
from mimetypes import guess_type
from typing import Any

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "brevo://xkeysib-canary0123456789abcdef-XsuF1canary@default"

TOLERATED = {"attachments.parameters": "the name of a file is all that is told of its type; text is taken for UTF-8"}

_ORDERS = ("idempotencyKey", "Idempotency-Key", "X-Mailin-custom")


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if request.url.endswith("/account"):
        return _json({"email": "app@example.com", "plan": [], "relay": {"enabled": True}})
    versions = json.loads(request.body).get("messageVersions")
    if versions is None:
        return _json({"messageId": "<202601.1@smtp-relay.mailin.fr>"}, 201)
    return _json({"messageIds": [f"<202601.{n}@smtp-relay.mailin.fr>" for n, _ in enumerate(versions)]}, 201)


def _json(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, [("Content-Type", "application/json")], json.dumps(body).encode())


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the message, or one for each version."""
    if not request.url.endswith("/smtp/email"):
        return []
    said = json.loads(request.body)
    return [_decoded({**said, **version}) for version in said.get("messageVersions", [{}])]


def _decoded(said: dict[str, Any]) -> Decoded:
    headers = said.get("headers", {})
    assert json.dumps(headers, ensure_ascii=False).isascii(), "Brevo takes ASCII only in headers"
    assert headers.get("idempotencyKey") == headers.get("Idempotency-Key")
    return Decoded(
        from_=[_mailbox(said["sender"])],
        to=_mailboxes(said, "to"),
        cc=_mailboxes(said, "cc"),
        bcc=_mailboxes(said, "bcc"),
        reply_to=[_mailbox(said["replyTo"])] if "replyTo" in said else [],
        subject=said.get("subject", ""),
        text=said.get("textContent", ""),
        html=said.get("htmlContent", ""),
        attachments=[_file(each) for each in said.get("attachment", [])],
        headers=[pair for pair in headers.items() if pair[0] not in _ORDERS],
        tags=said.get("tags", []),
        metadata=json.loads(headers.get("X-Mailin-custom", "{}")),
        send_at=datetime.fromisoformat(said["scheduledAt"]) if "scheduledAt" in said else None,
        template=(str(said["templateId"]), None) if "templateId" in said else None,
        merge=said.get("params", {}),
        idempotency_key=headers.get("idempotencyKey"),
    )


def _mailboxes(said: dict[str, Any], field: str) -> list[Address]:
    return [_mailbox(each) for each in said.get(field, [])]


def _mailbox(said: dict[str, str]) -> Address:
    name = said.get("name", "")
    return Address(said["email"], str(make_header(decode_header(name))) if "=?" in name else name)


def _file(said: dict[str, str]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["content"], validate=True),
        name=said["name"],
        content_type=guess_type(said["name"])[0] or "",
    )
