"""Brevo: POST /v3/smtp/email.

Answers: https://developers.brevo.com/reference/sendtransacemail, /docs/how-it-works#error-codes and
/docs/limit-headers (2026-11-22).
"""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime
from mimetypes import guess_type
from typing import Any, ClassVar

from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ContentRefused,
    MessageInvalid,
    RateLimited,
    SenderRefused,
    ServerError,
)
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.message.address import Address
from mailbridge.testing.contract.decoded import Decoded, DecodedFile
from mailbridge.testing.stubs.people import ascii_only, decoded_words
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["Brevo"]

_ORDERS = ("idempotencyKey", "Idempotency-Key", "X-Mailin-custom")


class Brevo(Replies):
    """Answers as Brevo does: the id is the Message-ID that it gives."""

    dsn = "brevo://xkeysib-canary0123456789abcdef-XsuF1canary@default"
    base = "/v3"
    key_header = "api-key"
    tolerated: ClassVar = {
        "attachments.parameters": "the name of a file is all that is told of its type; text is taken for UTF-8"
    }
    refusals: ClassVar = {
        AuthFailed: Refusal(401, "Key not found", "unauthorized"),
        ConfigError: Refusal(402, "You do not have enough credits to send this email", "not_enough_credits"),
        SenderRefused: Refusal(
            400,
            "Sending has been rejected because the sender you used app@example.com is not valid. Validate your sender "
            "or authenticate your domain",
            "invalid_parameter",
        ),
        ContentRefused: Refusal(400, "subject is missing", "missing_parameter"),
        RateLimited: Refusal(429, "Rate limit exceeded", "too_many_requests"),
        ServerError: Refusal(503, "Service unavailable", "service_unavailable"),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything."""
        if path_of(request) == "/v3/account":
            return json_answer({"email": "app@example.com", "plan": [], "relay": {"enabled": True}})
        versions = json.loads(request.body).get("messageVersions")
        if versions is None:
            return json_answer({"messageId": "<202601.1@smtp-relay.mailin.fr>"}, 201)
        ids = [f"<202601.{number}@smtp-relay.mailin.fr>" for number, _ in enumerate(versions)]
        return json_answer({"messageIds": ids}, 201)

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the message, or one for each version."""
        if path_of(request) != "/v3/smtp/email":
            return []
        said = json.loads(request.body)
        return [_decoded({**said, **version}) for version in said.get("messageVersions", [{}])]

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"code", "message"}`."""
        return json_answer({"code": refusal.code, "message": refusal.text}, refusal.status)

    def waiting(self, seconds: int) -> list[tuple[str, str]]:
        """Say in how many seconds the limit is renewed; there is no Retry-After."""
        return [("x-sib-ratelimit-remaining", "0"), ("x-sib-ratelimit-reset", f"{seconds}")]


def _decoded(said: dict[str, Any]) -> Decoded:
    headers = said.get("headers", {})
    for name, value in headers.items():
        ascii_only(f"{name}: {value}", "headers")
    if headers.get("idempotencyKey") != headers.get("Idempotency-Key"):
        raise MessageInvalid("headers: two idempotency keys differ.", field="idempotency_key")
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
        metadata=_metadata(headers.get("X-Mailin-custom", "{}")),
        send_at=datetime.fromisoformat(said["scheduledAt"]) if "scheduledAt" in said else None,
        template=(str(said["templateId"]), None) if "templateId" in said else None,
        merge=said.get("params", {}),
        idempotency_key=headers.get("idempotencyKey"),
    )


def _metadata(text: str) -> dict[str, Any]:
    """Read the header that comes back in events: JSON as mailbridge writes it, or a text of somebody else's."""
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    return found if isinstance(found, dict) else {"X-Mailin-custom": text}


def _mailboxes(said: dict[str, Any], field: str) -> list[Address]:
    return [_mailbox(each) for each in said.get(field, [])]


def _mailbox(said: dict[str, str]) -> Address:
    return Address(said["email"], decoded_words(said.get("name") or ""))


def _file(said: dict[str, str]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["content"], validate=True),
        name=said["name"],
        content_type=guess_type(said["name"])[0] or "",
    )
