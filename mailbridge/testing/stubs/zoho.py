"""Zoho Mail: POST /api/accounts/{id}/messages, uploads before it, with a token of Zoho's.

Answers: https://www.zoho.com/mail/help/api/post-send-an-email.html, /post-upload-attachments.html,
/response-codes.html (2026-11-22). Neither 429 nor 503 is among them: here they are what HTTP has for it.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, ClassVar

from mailbridge.errors import AuthFailed, ContentRefused, RateLimited, ServerError
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.message.address import Address
from mailbridge.testing.contract.decoded import Decoded, DecodedFile
from mailbridge.testing.stubs.forms import form_of
from mailbridge.testing.stubs.people import mailboxes
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["Zoho"]


class Zoho(Replies):
    """Answers as Zoho does, and keeps the files that a message will name."""

    dsn = (
        "zoho://ann%40example.com@default?client_id=1000.C1&client_secret=canary-of-the-secret"
        "&refresh_token=1000.canary-of-the-refresh-token"
    )
    token = "/oauth/v2/token"  # noqa: S105 - a path
    tolerated: ClassVar = {
        "from_.name": "the API takes addresses only; the author's name is that of the account",
        "to.name": "the API takes addresses only",
        "cc.name": "the API takes addresses only",
        "bcc.name": "the API takes addresses only",
    }
    unable: ClassVar = {
        **dict.fromkeys(("reply-to", "name-in-every-field", "idn-everywhere"), "the API has no place for reply_to"),
        **dict.fromkeys(("text-and-html", "text-unicode", "text-long-lines"), "the API takes one form of the body"),
    }
    refusals: ClassVar = {
        # Not 401, at which a client gets itself another token.
        AuthFailed: Refusal(403, "Forbidden", "INVALID_OAUTHSCOPE"),
        ContentRefused: Refusal(400, "Invalid Input", "", "Invalid to address"),
        RateLimited: Refusal(429, "Too Many Requests"),
        ServerError: Refusal(503, "Service unavailable"),
    }

    def __init__(self) -> None:
        self._uploaded: dict[str, DecodedFile] = {}

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything."""
        if self.grants(request):
            token = "1000.canary-of-the-access-token"  # noqa: S105 - made up
            return json_answer({"access_token": token, "token_type": "Bearer", "expires_in": 3600})
        if request.method == "GET":
            return _said([{"accountId": "123", "primaryEmailAddress": "ann@example.com"}])
        if path_of(request).endswith("/attachments"):
            return _said([self._kept(each) for each in _files(request)])
        return _said({"messageId": "1710915488416100001", "mailId": "<1@example.com>"})

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the message of a send."""
        if not path_of(request).endswith("/messages"):
            return []
        said = json.loads(request.body)
        html = said.get("mailFormat", "html") == "html"
        return [
            Decoded(
                from_=mailboxes(said["fromAddress"]),
                to=_people(said, "toAddress"),
                cc=_people(said, "ccAddress"),
                bcc=_people(said, "bccAddress"),
                subject=said.get("subject", ""),
                text="" if html else said["content"],
                html=said["content"] if html else "",
                attachments=[self._uploaded[each["attachmentPath"]] for each in said.get("attachments", [])],
            )
        ]

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"status": {"code", "description"}, "data": {"errorCode", "moreInfo"}}`."""
        data = {"errorCode": refusal.code, "moreInfo": refusal.field}
        return _said({name: each for name, each in data.items() if each}, refusal.status, refusal.text)

    def _kept(self, file: DecodedFile) -> dict[str, str]:
        path = f"/{sha256(repr(file).encode()).hexdigest()}"
        self._uploaded[path] = file
        return {"storeName": "s", "attachmentName": file.name, "attachmentPath": path}


def _said(data: object, status: int = 200, description: str = "success") -> HttpResponse:
    return json_answer({"status": {"code": status, "description": description}, "data": data}, status)


def _files(request: HttpRequest) -> list[DecodedFile]:
    return [
        DecodedFile(content=each.content, name=each.name, content_type=each.content_type)
        for each in form_of(request).files
    ]


def _people(said: dict[str, Any], name: str) -> list[Address]:
    return mailboxes(said.get(name) or "")
