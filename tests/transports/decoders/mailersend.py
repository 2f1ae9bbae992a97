"""MailerSend's requests read back."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from email.header import decode_header, make_header
from mimetypes import guess_type
from typing import Any

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "mailersend://mlsn.canary0123456789abcdef0123456789abcdef@default"

TOLERATED = {"attachments.parameters": "the name of a file is all that is told of its type; text is taken for UTF-8"}


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if request.url.endswith("/api-quota"):
        return HttpResponse(200, [("Content-Type", "application/json")], b'{"quota": 1000, "remaining": 999}')
    return HttpResponse(202, [("X-Message-Id", "5e42957d51f1d94a1070a733")])


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the message of a call."""
    return [_decoded(json.loads(request.body))] if request.url.endswith("/email") else []


def _decoded(said: dict[str, Any]) -> Decoded:
    settings = said.get("settings", {})
    return Decoded(
        from_=[_mailbox(said["from"])],
        to=_mailboxes(said, "to"),
        cc=_mailboxes(said, "cc"),
        bcc=_mailboxes(said, "bcc"),
        reply_to=[_mailbox(said["reply_to"])] if "reply_to" in said else [],
        subject=said.get("subject", ""),
        text=said.get("text", ""),
        html=said.get("html", ""),
        attachments=[_file(each) for each in said.get("attachments", [])],
        headers=list(_headers(said)),
        tags=said.get("tags", []),
        track_opens=settings.get("track_opens"),
        track_clicks=settings.get("track_clicks"),
        send_at=datetime.fromtimestamp(said["send_at"], UTC) if "send_at" in said else None,
        template=(said["template_id"], None) if "template_id" in said else None,
        merge=_data(said),
    )


def _data(said: dict[str, Any]) -> dict[str, Any]:
    """Return the data, which everybody has to have."""
    if "personalization" not in said:
        return {}
    everybody = [each["email"] for field in ("to", "cc", "bcc") for each in said.get(field, [])]
    assert [each["email"] for each in said["personalization"]] == everybody
    data: dict[str, Any] = said["personalization"][0]["data"]
    assert all(each["data"] == data for each in said["personalization"])
    return {} if data == {"mailbridge": ""} else data


def _headers(said: dict[str, Any]) -> Any:
    if "in_reply_to" in said:
        yield "In-Reply-To", said["in_reply_to"]
    if "references" in said:
        yield "References", " ".join(said["references"])
    if "list_unsubscribe" in said:
        yield "List-Unsubscribe", f"<{said['list_unsubscribe']}>"
    for each in said.get("headers", []):
        yield each["name"], each["value"]


def _mailboxes(said: dict[str, Any], field: str) -> list[Address]:
    return [_recipient(each) for each in said.get(field, [])]


def _recipient(said: dict[str, str]) -> Address:
    name = said.get("name", "")
    assert "," not in name
    assert ";" not in name
    return Address(said["email"], str(make_header(decode_header(name))) if "=?" in name else name)


def _mailbox(said: dict[str, str]) -> Address:
    return Address(said["email"], said.get("name", ""))


def _file(said: dict[str, str]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["content"], validate=True),
        name=said["filename"],
        content_type=guess_type(said["filename"])[0] or "",
        inline=said["disposition"] == "inline",
        content_id=said.get("id", ""),
    )
