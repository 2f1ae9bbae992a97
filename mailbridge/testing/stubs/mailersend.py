"""MailerSend: POST /v1/email and /v1/bulk-email.

Answers: https://developers.mailersend.com/api/v1/email.html and /general (rate limits, daily request quota); the words
about the sender as users report them (2026-11-22).
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
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
from mailbridge.testing.stubs.people import decoded_words, person
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["MailerSend"]

_ACCEPTED = ("X-Message-Id", "5e42957d51f1d94a1070a733")


class MailerSend(Replies):
    """Answers as MailerSend does: 202, the id in a header, and in the body whom it suppresses."""

    dsn = "mailersend://mlsn.canary0123456789abcdef0123456789abcdef@default"
    base = "/v1"
    tolerated: ClassVar = {
        "attachments.parameters": "the name of a file is all that is told of its type; text is taken for UTF-8"
    }
    refusals: ClassVar = {
        AuthFailed: Refusal(401, "Unauthenticated."),
        ConfigError: Refusal(429, "Your account reached its API daily quota limit. Upgrade to increase it. #MS42901"),
        SenderRefused: Refusal(
            422, "The from.email domain must be verified in your account to send emails. #MS42207", field="from.email"
        ),
        ContentRefused: Refusal(422, "The subject field is required.", field="subject"),
        RateLimited: Refusal(
            429,
            "Your account reached its rate limit of 120 requests/min. Please wait before trying again. #MS42903",
        ),
        ServerError: Refusal(503, "Service Unavailable"),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything."""
        if path_of(request) == "/v1/api-quota":
            return json_answer({"quota": 1000, "remaining": 999, "reset": "2030-01-01T00:00:00Z"})
        if path_of(request) == "/v1/bulk-email":
            return json_answer(
                {"message": "The bulk email is being processed.", "bulk_email_id": "614470d1588b866d"}, 202
            )
        return HttpResponse(202, [_ACCEPTED])

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the message of a call, or those of a list."""
        said = json.loads(request.body or b"null")
        if path_of(request) == "/v1/bulk-email":
            return [_decoded(each) for each in said]
        return [_decoded(said)] if path_of(request) == "/v1/email" else []

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"message", "errors": {field: […]}}`."""
        said: dict[str, Any] = {"message": refusal.text}
        if refusal.field:
            said["errors"] = {refusal.field: [refusal.text]}
        return json_answer(said, refusal.status)

    def refusing(self, request: HttpRequest, who: frozenset[str]) -> HttpResponse:
        """Suppress these recipients; a message that has others too is sent to them."""
        said = json.loads(request.body)
        everybody = {each["email"] for field in ("to", "cc", "bcc") for each in said.get(field, [])}
        hit = sorted(each for each in everybody if each.lower() in who)
        kind = "ALL_SUPPRESSED" if len(hit) == len(everybody) else "SOME_SUPPRESSED"
        rows = [{"email": each, "name": "", "reasons": ["hard_bounced"]} for each in hit]
        words = "Some of the recipients have been suppressed."
        warning = {"type": kind, "warning": words, "recipients": rows}
        headers = [] if kind == "ALL_SUPPRESSED" else [_ACCEPTED]
        return json_answer(
            {"message": "There are some warnings for your request.", "warnings": [warning]}, 202, headers
        )


def _decoded(said: dict[str, Any]) -> Decoded:
    settings = said.get("settings", {})
    return Decoded(
        from_=[person(said["from"])],
        to=_recipients(said, "to"),
        cc=_recipients(said, "cc"),
        bcc=_recipients(said, "bcc"),
        reply_to=[person(said["reply_to"])] if "reply_to" in said else [],
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
    """Return the data, which everybody has to have: for whoever has none, placeholders stay as they are."""
    rows = said.get("personalization") or []
    if not rows:
        return {}
    everybody = [each["email"] for field in ("to", "cc", "bcc") for each in said.get(field, [])]
    if [each["email"] for each in rows] != everybody or any(each["data"] != rows[0]["data"] for each in rows):
        raise MessageInvalid(
            "personalization: one message of a test has the same data for all its recipients.", field="merge_data"
        )
    data: dict[str, Any] = rows[0]["data"]
    return {} if data == {"mailbridge": ""} else data


def _headers(said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "in_reply_to" in said:
        yield "In-Reply-To", said["in_reply_to"]
    if "references" in said:
        yield "References", " ".join(said["references"])
    if "list_unsubscribe" in said:
        yield "List-Unsubscribe", f"<{said['list_unsubscribe']}>"
    for each in said.get("headers", []):
        yield each["name"], each["value"]


def _recipients(said: dict[str, Any], field: str) -> list[Address]:
    return [_recipient(each) for each in said.get(field, [])]


def _recipient(said: dict[str, str]) -> Address:
    name = said.get("name") or ""
    if "," in name or ";" in name:
        raise MessageInvalid(f"{name!r}: a recipient's name may have no comma and no semicolon.", field="to")
    return Address(said["email"], decoded_words(name))


def _file(said: dict[str, str]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["content"], validate=True),
        name=said["filename"],
        content_type=guess_type(said["filename"])[0] or "",
        inline=said.get("disposition") == "inline",
        content_id=said.get("id", ""),
    )
