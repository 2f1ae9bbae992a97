"""Mandrill (Mailchimp Transactional): POST /api/1.0/messages/send.json and send-template.json.

Answers: https://mailchimp.com/developer/transactional/api/messages/send-new-message/ and the names of errors in
Mandrill's own library (mandrill-api 1.0.55), 2026-11-22.
"""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any, ClassVar

from mailbridge.errors import AuthFailed, ConfigError, ContentRefused, RateLimited, SenderRefused, ServerError
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.message.address import Address
from mailbridge.testing.contract.decoded import Decoded, DecodedFile
from mailbridge.testing.stubs.people import decoded_words, mailboxes
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["Mandrill"]

_UNSIGNED = "unsigned"


class Mandrill(Replies):
    """Answers as Mandrill does: for each recipient, by his address in small letters."""

    dsn = "mandrill://md-0123456789ABCDEFabcdef@default"
    base = "/api/1.0"
    key_header = ""
    tolerated: ClassVar = {"inline.name": "an inline image has its content id in the place of a name"}
    refusals: ClassVar = {
        AuthFailed: Refusal(401, "Invalid API key", "Invalid_Key"),
        ConfigError: Refusal(402, "The requested feature requires payment.", "PaymentRequired"),
        SenderRefused: Refusal(200, "The sending domain has no valid SPF and DKIM records.", _UNSIGNED),
        ContentRefused: Refusal(422, 'Validation error: {"message":{"from_email":"..."}}', "ValidationError"),
        RateLimited: Refusal(429, "Too many requests.", "TooManyRequests"),
        ServerError: Refusal(503, "The service is temporarily unavailable.", "ServiceUnavailable"),
    }

    def __init__(self) -> None:
        self._last: list[dict[str, Any]] = []

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything, in small letters."""
        if "ping" in path_of(request):
            return json_answer({"PING": "PONG!"})
        self._last = json.loads(request.body)["message"]["to"]
        return json_answer([_row(each, number) for number, each in enumerate(self._last)])

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the message of a call, or one for each recipient if nobody sees the others."""
        if "/messages/" not in path_of(request):
            return []
        said = json.loads(request.body)
        message = said["message"]
        shared = _variables(message.get("global_merge_vars", []))
        if message.get("preserve_recipients"):
            return [_decoded(said, message["to"], shared, message.get("metadata", {}))]
        merge = {each["rcpt"]: _variables(each["vars"]) for each in message.get("merge_vars", [])}
        metadata = {each["rcpt"]: each["values"] for each in message.get("recipient_metadata", [])}
        return [
            _decoded(
                said,
                [to],
                {**shared, **merge.get(to["email"], {})},
                {**message.get("metadata", {}), **metadata.get(to["email"], {})},
            )
            for to in message["to"]
        ]

    def lets_in(self, request: HttpRequest) -> bool:
        """Whether there is a key, which stands in the body."""
        return b'"key"' in request.body

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"status": "error", "code", "name", "message"}`; a sender is rejected recipient by recipient."""
        if refusal.code == _UNSIGNED:
            return json_answer([_rejected(_row(each, n), _UNSIGNED) for n, each in enumerate(self._last)])
        said = {"status": "error", "code": -1, "name": refusal.code, "message": refusal.text}
        return json_answer(said, refusal.status)

    def refusing(self, request: HttpRequest, who: frozenset[str]) -> HttpResponse:
        """Reject these recipients as addresses that bounced before."""
        rows = [_row(each, number) for number, each in enumerate(json.loads(request.body)["message"]["to"])]
        return json_answer([_rejected(row, "hard-bounce") if row["email"] in who else row for row in rows])


def _row(to: dict[str, str], number: int) -> dict[str, Any]:
    return {"email": to["email"].lower(), "status": "sent", "_id": f"id-{number}", "reject_reason": None}


def _rejected(row: dict[str, Any], reason: str) -> dict[str, Any]:
    return {**row, "status": "rejected", "reject_reason": reason}


def _variables(said: list[dict[str, Any]]) -> dict[str, Any]:
    return {each["name"]: each["content"] for each in said}


def _decoded(
    said: dict[str, Any], recipients: list[dict[str, str]], merge: dict[str, Any], metadata: dict[str, Any]
) -> Decoded:
    message = said["message"]
    headers = {name: decoded_words(text) for name, text in message.get("headers", {}).items()}
    headers.pop("Reply-To", None)
    by_kind: dict[str, list[Address]] = {"to": [], "cc": [], "bcc": []}
    for each in recipients:
        by_kind[each.get("type", "to")].append(Address(each["email"], each.get("name") or ""))
    return Decoded(
        from_=[Address(message["from_email"], message.get("from_name") or "")],
        to=by_kind["to"],
        cc=by_kind["cc"],
        bcc=by_kind["bcc"],
        reply_to=_reply_to(message.get("headers", {}).get("Reply-To", "")),
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
        send_at=datetime.fromisoformat(said["send_at"]).replace(tzinfo=UTC) if said.get("send_at") else None,
        template=(said["template_name"], None) if "template_name" in said else None,
        merge=merge,
    )


def _reply_to(text: str) -> list[Address]:
    return [Address(each.addr_spec, decoded_words(each.name)) for each in mailboxes(text)]


def _file(said: dict[str, str], *, inline: bool) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["content"], validate=True),
        name="" if inline else said["name"],
        content_type=said["type"],
        inline=inline,
        content_id=said["name"] if inline else "",
    )
