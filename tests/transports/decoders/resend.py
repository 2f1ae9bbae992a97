"""Resend's requests read back."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from datetime import datetime
from typing import Any

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "resend://re_cAnary01_23456789abcdefghijkl@default"

_MAILBOX = re.compile(r'"((?:[^"\\]|\\.)*)" <([^>]*)>').fullmatch
_NUMBERED = re.compile(r"tag\d+").fullmatch


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if request.url.endswith("/domains"):
        return _json({"data": [{"name": "example.com", "status": "verified"}]})
    if request.url.endswith("/batch"):
        return _json({"data": [{"id": f"49a3999c-{n}"} for n, _ in enumerate(json.loads(request.body))]})
    return _json({"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"})


def _json(body: object) -> HttpResponse:
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(body).encode())


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the messages of a call."""
    if "/emails" not in request.url:
        return []
    said = json.loads(request.body)
    return [_decoded(each, request.header("idempotency-key")) for each in (said if isinstance(said, list) else [said])]


def _decoded(said: dict[str, Any], key: str | None) -> Decoded:
    tags = {each["name"]: each["value"] for each in said.get("tags", [])}
    template = said.get("template", {})
    return Decoded(
        from_=[_mailbox(said["from"])],
        to=_mailboxes(said, "to"),
        cc=_mailboxes(said, "cc"),
        bcc=_mailboxes(said, "bcc"),
        reply_to=_mailboxes(said, "reply_to"),
        subject=said.get("subject", ""),
        text=said.get("text", ""),
        html=said.get("html", ""),
        attachments=[_file(each) for each in said.get("attachments", [])],
        headers=list(said.get("headers", {}).items()),
        tags=[value for name, value in tags.items() if _NUMBERED(name)],
        metadata={name: value for name, value in tags.items() if not _NUMBERED(name)},
        send_at=datetime.fromisoformat(said["scheduled_at"]) if "scheduled_at" in said else None,
        template=(template["id"], None) if template else None,
        merge=template.get("variables", {}),
        idempotency_key=key,
    )


def _mailboxes(said: dict[str, Any], field: str) -> list[Address]:
    return [_mailbox(each) for each in said.get(field, [])]


def _mailbox(text: str) -> Address:
    named = _MAILBOX(text)
    return Address(named[2], re.sub(r"\\(.)", r"\1", named[1])) if named else Address(text)


def _file(said: dict[str, str]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["content"], validate=True),
        name=said["filename"],
        content_type=said["content_type"],
        inline="content_id" in said,
        content_id=said.get("content_id", ""),
    )
