"""Zoho's requests read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email import message_from_string, policy
from hashlib import sha256
from urllib.parse import urlsplit

from support.descriptions import violations

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "zoho://ann%40example.com@default?token=1000.canary-of-the-access-token"

TOLERATED = {
    "from_.name": "the API takes addresses only; the author's name is that of the account",
    "to.name": "the API takes addresses only",
    "cc.name": "the API takes addresses only",
    "bcc.name": "the API takes addresses only",
}

UNABLE = {
    **dict.fromkeys(("reply-to", "name-in-every-field", "idn-everywhere"), "the API has no place for reply_to"),
    **dict.fromkeys(("text-and-html", "text-unicode", "text-long-lines"), "the API takes one form of the body"),
}


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if request.method == "GET":
        return _json([{"accountId": "123", "primaryEmailAddress": "ann@example.com"}])
    if _path(request).endswith("/attachments"):
        return _json([_kept(each) for each in _files(request)])
    return _json({"messageId": "1710915488416100001", "mailId": "<1@example.com>"})


def _json(data: object) -> HttpResponse:
    said = {"status": {"code": 200, "description": "success"}, "data": data}
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(said).encode())


def _path(request: HttpRequest) -> str:
    return urlsplit(request.url).path


def _files(request: HttpRequest) -> Iterator[DecodedFile]:
    """Take the form apart, octet by octet: a parser of mail would read an attached message too."""
    boundary = message_from_string(f"Content-Type: {request.header('content-type')}\n\n").get_boundary() or ""
    for section in request.body.split(f"--{boundary}".encode())[1:-1]:
        head, _, content = section.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        part = message_from_string(head.decode() + "\n\n", policy=policy.HTTP)
        yield DecodedFile(content=content, name=part.get_filename() or "", content_type=part["Content-Type"])


_UPLOADED: dict[str, DecodedFile] = {}
"""The files that were uploaded, by the path that a message names them by."""


def _kept(file: DecodedFile) -> dict[str, str]:
    path = f"/{sha256(repr(file).encode()).hexdigest()}"
    _UPLOADED[path] = file
    return {"storeName": "s", "attachmentName": file.name, "attachmentPath": path}


def judge(request: HttpRequest) -> list[str]:
    """Judge by the description, which lacks uploadType (zoho.com/mail/help/api/post-upload-attachments.html)."""
    url = request.url.removesuffix("?uploadType=multipart")
    return violations("zoho", HttpRequest(request.method, url, request.headers, request.body))


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the message of a send."""
    if not _path(request).endswith("/messages"):
        return []
    said = json.loads(request.body)
    html = said["mailFormat"] == "html"
    return [
        Decoded(
            from_=[Address(said["fromAddress"])],
            to=_people(said, "toAddress"),
            cc=_people(said, "ccAddress"),
            bcc=_people(said, "bccAddress"),
            subject=said["subject"],
            text="" if html else said["content"],
            html=said["content"] if html else "",
            attachments=[_UPLOADED[each["attachmentPath"]] for each in said.get("attachments", [])],
        )
    ]


def _people(said: dict[str, str], name: str) -> list[Address]:
    return [Address(each) for each in said[name].split(",")] if name in said else []
