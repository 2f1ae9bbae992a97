"""Mailtrap's requests read back."""

from __future__ import annotations

import json
from base64 import b64decode
from email.headerregistry import AddressHeader
from typing import Any

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "mailtrap://0f1e2d3c4b5a69788796a5b4c3d2e1f0@default"
TEMPLATE = "b81aabcd-1a1e-41cf-91b6-eca0254b3d96"

TOLERATED = {"attachments.parameters": "it takes a MIME type without parameters"}


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if request.url.endswith("/api/accounts"):
        return _json([{"id": 1, "name": "Shop", "access_levels": [100]}])
    said = json.loads(request.body)
    if "requests" not in said:
        return _json(_taken(said))
    return _json({"success": True, "responses": [_taken(each) for each in said["requests"]]})


def _taken(said: dict[str, Any]) -> dict[str, Any]:
    recipients = [each["email"] for field in ("to", "cc", "bcc") for each in said.get(field, [])]
    return {"success": True, "message_ids": [f"id-{number}" for number, _ in enumerate(recipients)]}


def _json(body: object) -> HttpResponse:
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(body).encode())


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the messages of a call; what a request of a batch says goes before what the base says."""
    if request.method != "POST":
        return []
    said = json.loads(request.body)
    return [_decoded({**said.get("base", {}), **each}) for each in said.get("requests", [said])]


def _decoded(said: dict[str, Any]) -> Decoded:
    headers = dict(said.get("headers", {}))
    several = headers.pop("Reply-To", "")
    return Decoded(
        from_=[_mailbox(said["from"])],
        to=list(map(_mailbox, said.get("to", []))),
        cc=list(map(_mailbox, said.get("cc", []))),
        bcc=list(map(_mailbox, said.get("bcc", []))),
        reply_to=_header(several) if several else [_mailbox(said["reply_to"])] if "reply_to" in said else [],
        subject=said.get("subject", ""),
        text=said.get("text", ""),
        html=said.get("html", ""),
        attachments=[_file(each) for each in said.get("attachments", [])],
        headers=list(headers.items()),
        tags=[said["category"]] if "category" in said else [],
        metadata=said.get("custom_variables", {}),
        template=(said["template_uuid"], None) if "template_uuid" in said else None,
        merge=said.get("template_variables", {}),
    )


def _header(text: str) -> list[Address]:
    found: dict[str, Any] = {}
    AddressHeader.parse(text, found)
    return [Address(each.addr_spec, each.display_name or "") for group in found["groups"] for each in group.addresses]


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
