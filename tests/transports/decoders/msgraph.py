"""Graph's requests read back: JSON and MIME."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime
from email import message_from_bytes, policy
from typing import Any

from support.descriptions import violations
from support.mime_reading import read_mime

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "msgraph://shop%40example.com@default?tenant=example.com&client_id=c-1&client_secret=abc8Q~canary-of-the-secret"

PROVIDER_IDS = False


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if "/oauth2/" in request.url:
        return _json(200, {"access_token": "eyJ0canary-of-the-access-token", "expires_in": 3599})
    if request.method == "GET":
        return _json(200, {"userPrincipalName": "ann@example.com"})
    if request.url.endswith("/messages"):
        return _json(201, {"id": "draft-1"})
    if request.url.endswith("/createUploadSession"):
        return _json(201, {"uploadUrl": "https://outlook.office.com/api/upload?token=x"})
    return HttpResponse(202, [("request-id", "r-1")])


def _json(status: int, body: object) -> HttpResponse:
    return HttpResponse(status, [("Content-Type", "application/json")], json.dumps(body).encode())


def judge(request: HttpRequest) -> list[str]:
    """Judge by the description, which knows JSON only; MIME has to be base64 of a message."""
    if "/oauth2/" in request.url:
        return []
    if request.header("content-type") == "text/plain":
        b64decode(request.body, validate=True)
        return [] if request.url.endswith(("/sendMail", "/messages")) else [f"{request.url} takes no MIME"]
    return violations("msgraph", request)


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the message of a sendMail."""
    if not request.url.endswith("/sendMail"):
        return []
    if request.header("content-type") == "text/plain":
        return [_mime(b64decode(request.body, validate=True))]
    return [_message(json.loads(request.body)["message"])]


def _mime(octets: bytes) -> Decoded:
    read = read_mime(octets)
    read["html"] = read["html"].replace("\r\n", "\n")
    message = message_from_bytes(octets, policy=policy.default)
    bcc = [Address(each.addr_spec) for each in message["bcc"].addresses] if "bcc" in message else []
    return Decoded(**read, bcc=bcc, raw=octets.partition(b"\r\n")[2] if octets.startswith(b"Bcc:") else octets)


def _message(said: dict[str, Any]) -> Decoded:
    body = said["body"]
    headers = [(each["name"], each["value"]) for each in said.get("internetMessageHeaders", [])]
    if "importance" in said:
        headers.append(("Importance", said["importance"]))
    deferred = {each["id"]: each["value"] for each in said.get("singleValueExtendedProperties", [])}
    moment = deferred.get("SystemTime 0x3FEF")
    return Decoded(
        from_=[_address(said["from"])],
        sender=_address(said["sender"]) if "sender" in said else None,
        to=_people(said, "toRecipients"),
        cc=_people(said, "ccRecipients"),
        bcc=_people(said, "bccRecipients"),
        reply_to=_people(said, "replyTo"),
        subject=said["subject"],
        text=body["content"] if body["contentType"] == "text" else "",
        html=body["content"] if body["contentType"] == "html" else "",
        attachments=[_file(each) for each in said.get("attachments", [])],
        headers=headers,
        send_at=datetime.fromisoformat(moment) if moment else None,
    )


def _people(said: dict[str, Any], name: str) -> list[Address]:
    return [_address(each) for each in said.get(name, [])]


def _address(said: dict[str, Any]) -> Address:
    return Address(said["emailAddress"]["address"], said["emailAddress"].get("name", ""))


def _file(said: dict[str, Any]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["contentBytes"], validate=True),
        name=said["name"],
        content_type=said["contentType"],
        inline=said.get("isInline", False),
        content_id=said.get("contentId", ""),
    )
