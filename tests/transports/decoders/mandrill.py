"""Mandrill's requests read back."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader
from typing import Any

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "mandrill://md-0123456789ABCDEFabcdef@default"

TOLERATED = {"inline.name": "an inline image has its content id in the place of a name"}


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything, in small letters."""
    if "ping2" in request.url:
        return _json({"PING": "PONG!"})
    to = json.loads(request.body)["message"]["to"]
    return _json([{"email": each["email"].lower(), "status": "sent", "_id": f"id-{n}"} for n, each in enumerate(to)])


def _json(body: object) -> HttpResponse:
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(body).encode())


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the message of a call, or one for each recipient if nobody sees the others."""
    if "/messages/" not in request.url:
        return []
    said = json.loads(request.body)
    message = said["message"]
    if message["preserve_recipients"]:
        shared = _variables(message.get("global_merge_vars", []))
        return [_decoded(said, message["to"], shared, message.get("metadata", {}))]
    merge = {each["rcpt"]: _variables(each["vars"]) for each in message.get("merge_vars", [])}
    metadata = {each["rcpt"]: each["values"] for each in message.get("recipient_metadata", [])}
    return [_decoded(said, [to], merge.get(to["email"], {}), metadata.get(to["email"], {})) for to in message["to"]]


def _variables(said: list[dict[str, Any]]) -> dict[str, Any]:
    return {each["name"]: each["content"] for each in said}


def _decoded(
    said: dict[str, Any], recipients: list[dict[str, str]], merge: dict[str, Any], metadata: dict[str, Any]
) -> Decoded:
    message = said["message"]
    headers = {name: str(make_header(decode_header(text))) for name, text in message.get("headers", {}).items()}
    headers.pop("Reply-To", None)
    by_kind: dict[str, list[Address]] = {"to": [], "cc": [], "bcc": []}
    for each in recipients:
        by_kind[each["type"]].append(Address(each["email"], each.get("name", "")))
    return Decoded(
        from_=[Address(message["from_email"], message.get("from_name", ""))],
        **by_kind,
        reply_to=_mailboxes(message.get("headers", {}).get("Reply-To", "")),
        subject=message.get("subject", ""),
        text=message.get("text", ""),
        html=message.get("html", ""),
        attachments=[
            *(_file(each, inline=False) for each in message.get("attachments", [])),
            *(_file(each, inline=True) for each in message.get("images", [])),
        ],
        headers=list(headers.items()),
        tags=message.get("tags", []),
        metadata=metadata,
        track_opens=message.get("track_opens"),
        track_clicks=message.get("track_clicks"),
        send_at=datetime.fromisoformat(said["send_at"]).replace(tzinfo=UTC) if "send_at" in said else None,
        template=(said["template_name"], None) if "template_name" in said else None,
        merge=merge,
    )


def _mailboxes(text: str) -> list[Address]:
    found: dict[str, Any] = {}
    AddressHeader.parse(text, found)
    return [Address(each.addr_spec, each.display_name or "") for group in found["groups"] for each in group.addresses]


def _file(said: dict[str, str], *, inline: bool) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["content"], validate=True),
        name="" if inline else said["name"],
        content_type=said["type"],
        inline=inline,
        content_id=said["name"] if inline else "",
    )
