"""Microsoft Graph: sendMail in JSON and in MIME, and drafts with their uploads, with a token of Entra's.

Answers: https://learn.microsoft.com/graph/api/user-sendmail, /graph/errors, /graph/outlook-large-attachments and
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow (2026-11-22).
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ContentRefused,
    RateLimited,
    RecipientRefused,
    SenderRefused,
    ServerError,
)
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.message.address import Address
from mailbridge.testing.contract.decoded import Decoded, DecodedFile
from mailbridge.testing.stubs.mime import blind_and_raw
from mailbridge.testing.stubs.people import person
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["MsGraph"]

_UPLOADS = "/uploads/"


class MsGraph(Replies):
    """Answers as Graph does, and keeps the drafts that a message of more than 3 MB begins as."""

    dsn = (
        "msgraph://shop%40example.com@default?tenant=example.com&client_id=c-1&client_secret=abc8Q~canary-of-the-secret"
    )
    base = "/v1.0"
    token = "/example.com/oauth2/v2.0/token"  # noqa: S105 - a path
    provider_ids = False
    refusals: ClassVar = {
        # Not 401, at which a client gets itself another token.
        AuthFailed: Refusal(403, "Access is denied. Check credentials and try again.", "ErrorAccessDenied"),
        ConfigError: Refusal(
            404,
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            "MailboxNotEnabledForRESTAPI",
        ),
        SenderRefused: Refusal(
            403,
            "The user account which was used to submit this request does not have the right to send mail on behalf of "
            "the specified sending account.",
            "ErrorSendAsDenied",
        ),
        RecipientRefused: Refusal(400, "At least one recipient is not valid.", "ErrorInvalidRecipients"),
        ContentRefused: Refusal(413, "The message exceeds the maximum supported size.", "ErrorMessageSizeExceeded"),
        RateLimited: Refusal(429, "Application is over its MailboxConcurrency limit.", "ApplicationThrottled"),
        ServerError: Refusal(
            503, "The server cannot service this request right now. Try again later.", "ErrorServerBusy"
        ),
    }

    def __init__(self) -> None:
        self._drafts: dict[str, HttpRequest] = {}
        self._files: dict[str, list[dict[str, Any]]] = {}
        self._uploads: dict[str, dict[str, Any]] = {}

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything; keep what a draft is made of."""
        path = path_of(request)
        if self.grants(request):
            token = "eyJ0canary-of-the-access-token"  # noqa: S105 - made up
            return json_answer({"access_token": token, "token_type": "Bearer", "expires_in": 3599})
        if request.method == "GET":
            return json_answer({"userPrincipalName": "ann@example.com"})
        if request.method == "DELETE":
            return HttpResponse(204)
        if path.startswith(_UPLOADS):
            return self._piece(path, request.body)
        if path.endswith("/messages"):
            draft = f"draft-{len(self._drafts) + 1}"
            self._drafts[draft], self._files[draft] = request, []
            return json_answer({"id": draft, "isDraft": True}, 201)
        if path.endswith("/createUploadSession"):
            return self._session(request)
        if path.endswith("/attachments"):
            self._files[path.split("/")[-2]].append(json.loads(request.body))
            return json_answer({"id": "file-1"}, 201)
        return HttpResponse(202, [("request-id", "r-1")])

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the message of a sendMail, or of a draft that is sent."""
        path = path_of(request)
        if path.endswith("/sendMail"):
            if _is_mime(request):
                return [_mime(request)]
            said = json.loads(request.body)
            return [_message(said.get("message") or said["Message"])]
        if not path.endswith("/send"):
            return []
        draft = path.split("/")[-2]
        begun, files = self._drafts[draft], self._files[draft]
        if not _is_mime(begun):
            return [_message(json.loads(begun.body) | {"attachments": files})]
        whole = blind_and_raw(b64decode(begun.body, validate=True))
        return [Decoded(**whole | {"raw": None, "attachments": [*whole["attachments"], *map(_file, files)]})]

    def lets_in(self, request: HttpRequest) -> bool:
        """Whether there is a token; the address of an upload is a permission itself."""
        return path_of(request).startswith(_UPLOADS) or super().lets_in(request)

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"error": {"code", "message"}}`."""
        return json_answer({"error": {"code": refusal.code, "message": refusal.text}}, refusal.status)

    def _session(self, request: HttpRequest) -> HttpResponse:
        draft, item = path_of(request).split("/")[-3], json.loads(request.body)["AttachmentItem"]
        path = f"{_UPLOADS}{len(self._uploads) + 1}"
        file = {
            "name": item["name"],
            "contentType": item.get("contentType", ""),
            "isInline": item.get("isInline", False),
            "contentId": item.get("contentId", ""),
            "contentBytes": "",
        }
        self._uploads[path] = file
        self._files[draft].append(file)
        there = urlsplit(request.url)
        return json_answer({"uploadUrl": f"{there.scheme}://{there.netloc}{path}", "nextExpectedRanges": ["0-"]}, 201)

    def _piece(self, path: str, octets: bytes) -> HttpResponse:
        file = self._uploads[path]
        file["contentBytes"] = b64encode(b64decode(file["contentBytes"]) + octets).decode()
        return json_answer({"nextExpectedRanges": []})


def _is_mime(request: HttpRequest) -> bool:
    return (request.header("content-type") or "").startswith("text/plain")


def _mime(request: HttpRequest) -> Decoded:
    return Decoded(**blind_and_raw(b64decode(request.body, validate=True)))


def _message(said: dict[str, Any]) -> Decoded:
    body = said["body"]
    html = body["contentType"].lower() == "html"
    headers = [(each["name"], each["value"]) for each in said.get("internetMessageHeaders", [])]
    if "importance" in said:
        headers.append(("Importance", said["importance"]))
    deferred = {each["id"]: each["value"] for each in said.get("singleValueExtendedProperties", [])}
    moment = deferred.get("SystemTime 0x3FEF")
    return Decoded(
        # Without a From it is the mailbox's own.
        from_=[_address(said["from"]) if "from" in said else Address("shop@example.com")],
        sender=_address(said["sender"]) if "sender" in said else None,
        to=_people(said, "toRecipients"),
        cc=_people(said, "ccRecipients"),
        bcc=_people(said, "bccRecipients"),
        reply_to=_people(said, "replyTo"),
        subject=said.get("subject", ""),
        text="" if html else body["content"],
        html=body["content"] if html else "",
        attachments=[_file(each) for each in said.get("attachments", [])],
        headers=headers,
        send_at=datetime.fromisoformat(moment) if moment else None,
    )


def _people(said: dict[str, Any], name: str) -> list[Address]:
    return [_address(each) for each in said.get(name, [])]


def _address(said: dict[str, Any]) -> Address:
    return person(said["emailAddress"], "address")


def _file(said: dict[str, Any]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["contentBytes"], validate=True),
        name=said["name"],
        content_type=said.get("contentType", ""),
        inline=said.get("isInline", False),
        content_id=said.get("contentId") or "",
    )
