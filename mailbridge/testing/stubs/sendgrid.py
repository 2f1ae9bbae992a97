"""SendGrid: POST /v3/mail/send.

Answers: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send and
https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors (2026-11-22).
"""

from __future__ import annotations

import json
import time
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any, ClassVar

from mailbridge.errors import AuthFailed, ConfigError, ContentRefused, RateLimited, SenderRefused, ServerError
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.testing.contract.decoded import Decoded, DecodedFile
from mailbridge.testing.stubs.people import ascii_only, decoded_words, person
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["SendGrid"]


class SendGrid(Replies):
    """Answers as SendGrid does: 202, and the id in a header."""

    dsn = "sendgrid://SG.canary0123456789.abcdefghijklmnop@default"
    tolerated: ClassVar = {"attachments.parameters": "it rewrites the charset, so none is given"}
    refusals: ClassVar = {
        AuthFailed: Refusal(401, "The provided authorization grant is invalid, expired, or revoked"),
        ConfigError: Refusal(401, "Maximum credits exceeded"),
        SenderRefused: Refusal(
            403,
            "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is "
            "resolved. Visit https://sendgrid.com/docs/for-developers/sending-email/sender-identity/ to see the "
            "Sender Identity requirements",
            field="from",
        ),
        ContentRefused: Refusal(400, "The subject is required.", field="subject"),
        RateLimited: Refusal(429, "too many requests"),
        ServerError: Refusal(503, "Service Unavailable"),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything."""
        if path_of(request) == "/v3/scopes":
            return json_answer({"scopes": ["mail.send"]})
        return HttpResponse(202, [("X-Message-Id", "14c5d75ce93.dfd.64b469")])

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return a message for each personalization."""
        if path_of(request) != "/v3/mail/send":
            return []
        said = json.loads(request.body)
        return [_decoded(said, each) for each in said["personalizations"]]

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"errors": [{"message", "field", "help"}]}`."""
        row = {"message": refusal.text, "field": refusal.field or None, "help": None}
        return json_answer({"errors": [row]}, refusal.status)

    def waiting(self, seconds: int) -> list[tuple[str, str]]:
        """Say when the limit is renewed, in seconds since 1970; there is no Retry-After."""
        return [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", f"{int(time.time()) + seconds}")]


def _decoded(said: dict[str, Any], own: dict[str, Any]) -> Decoded:
    content = [(each["type"], each["value"]) for each in said.get("content", [])]
    forms = dict(content)
    tracking = said.get("tracking_settings", {})
    reply_to = said.get("reply_to_list") or [said[name] for name in ("reply_to",) if name in said]
    headers = {**said.get("headers", {}), **own.get("headers", {})}
    moment = own.get("send_at", said.get("send_at"))
    return Decoded(
        from_=[person(own.get("from") or said["from"])],
        to=[person(each) for each in own.get("to", [])],
        cc=[person(each) for each in own.get("cc", [])],
        bcc=[person(each) for each in own.get("bcc", [])],
        reply_to=[person(each) for each in reply_to],
        subject=own.get("subject") or said.get("subject", ""),
        text=forms.get("text/plain", ""),
        html=forms.get("text/html", ""),
        alternatives=[form for form in content if form[0] not in ("text/plain", "text/html")],
        attachments=[_file(each) for each in said.get("attachments", [])],
        headers=[(name, decoded_words(ascii_only(text, "headers"))) for name, text in headers.items()],
        tags=said.get("categories", []),
        metadata={**said.get("custom_args", {}), **own.get("custom_args", {})},
        track_opens=tracking.get("open_tracking", {}).get("enable"),
        track_clicks=tracking.get("click_tracking", {}).get("enable"),
        send_at=None if moment is None else datetime.fromtimestamp(moment, UTC),
        template=(said["template_id"], None) if "template_id" in said else None,
        merge=own.get("dynamic_template_data")
        or {name.strip("-"): value for name, value in own.get("substitutions", {}).items()},
    )


def _file(said: dict[str, str]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["content"], validate=True),
        name=said["filename"],
        content_type=said.get("type", ""),
        inline=said.get("disposition") == "inline",
        content_id=said.get("content_id", ""),
    )
