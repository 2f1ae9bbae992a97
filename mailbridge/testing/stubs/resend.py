"""Resend: POST /emails and /emails/batch.

Answers: https://resend.com/docs/api-reference/emails/send-email and /docs/api-reference/errors (2026-11-22).
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from datetime import datetime
from typing import Any, ClassVar

from mailbridge.errors import AuthFailed, ConfigError, ContentRefused, RateLimited, SenderRefused, ServerError
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.message.address import Address
from mailbridge.testing.contract.decoded import Decoded, DecodedFile
from mailbridge.testing.stubs.people import mailbox, mailboxes
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["Resend"]

_NUMBERED = re.compile(r"tag\d+").fullmatch


class Resend(Replies):
    """Answers as Resend does."""

    dsn = "resend://re_cAnary01_23456789abcdefghijkl@default"
    refusals: ClassVar = {
        AuthFailed: Refusal(403, "API key is invalid.", "invalid_api_key"),
        ConfigError: Refusal(429, "You have reached your daily email sending quota.", "daily_quota_exceeded"),
        SenderRefused: Refusal(
            403,
            "The example.com domain is not verified. Please, add and verify your domain on https://resend.com/domains",
            "validation_error",
        ),
        ContentRefused: Refusal(
            422, "The request body is missing one or more required fields.", "missing_required_field"
        ),
        RateLimited: Refusal(
            429,
            "Too many requests. Please limit the number of requests per second. Or contact support to increase rate "
            "limit.",
            "rate_limit_exceeded",
        ),
        ServerError: Refusal(503, "The service is unavailable.", "service_unavailable"),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything."""
        if path_of(request) == "/domains":
            return json_answer({"data": [{"name": "example.com", "status": "verified"}]})
        if path_of(request) == "/emails/batch":
            return json_answer({"data": [{"id": f"49a3999c-{n}"} for n, _ in enumerate(json.loads(request.body))]})
        return json_answer({"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"})

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the messages of a call."""
        said, key = json.loads(request.body or b"null"), request.header("idempotency-key")
        if path_of(request) == "/emails/batch":
            return [_decoded(each, key) for each in said]
        return [_decoded(said, key)] if path_of(request) == "/emails" and request.method == "POST" else []

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"statusCode", "name", "message"}`."""
        said = {"statusCode": refusal.status, "name": refusal.code, "message": refusal.text}
        return json_answer(said, refusal.status)


def _decoded(said: dict[str, Any], key: str | None) -> Decoded:
    tags = {each["name"]: each["value"] for each in said.get("tags", [])}
    template = said.get("template", {})
    return Decoded(
        from_=[mailbox(said["from"])],
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
    return mailboxes(said.get(field) or [])


def _file(said: dict[str, Any]) -> DecodedFile:
    content = said["content"]  # the SDK for Node sends a Buffer as a list of octets
    return DecodedFile(
        content=bytes(content) if isinstance(content, list) else b64decode(content, validate=True),
        name=said["filename"],
        content_type=said.get("content_type", ""),
        inline="content_id" in said,
        content_id=said.get("content_id", ""),
    )
