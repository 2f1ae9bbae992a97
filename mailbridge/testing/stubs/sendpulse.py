"""SendPulse: POST /smtp/emails, with a token of POST /oauth/access_token.

Answers: https://sendpulse.com/integrations/api/smtp and its description openapi/smtp.yaml (2026-08-22).
"""

from __future__ import annotations

import json
from base64 import b64decode
from mimetypes import guess_type
from typing import Any, ClassVar

from mailbridge.errors import AuthFailed, ConfigError, ContentRefused, RateLimited, SenderRefused, ServerError
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.message.address import Address
from mailbridge.testing.contract.decoded import Decoded, DecodedFile
from mailbridge.testing.stubs.people import person
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["SendPulse"]


class SendPulse(Replies):
    """Answers as SendPulse does."""

    dsn = "sendpulse://0123456789abcdef:canarySECRET0123456789@default"
    token = "/oauth/access_token"  # noqa: S105 - a path
    tolerated: ClassVar = {
        "attachments.parameters": "the name of a file is all that is told of its type; text is taken for UTF-8"
    }
    refusals: ClassVar = {
        # Not 401, at which a client gets itself another token; what SendPulse says with 403 is not documented.
        AuthFailed: Refusal(403, "Access denied", 403),
        ConfigError: Refusal(403, "Account expired", 403),
        SenderRefused: Refusal(422, "Sender is not valid", 422),
        ContentRefused: Refusal(422, "Argument subject missing", 12),
        RateLimited: Refusal(429, "Too many requests", 2020202020),
        ServerError: Refusal(503, "Service unavailable", 503),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything."""
        if self.grants(request):
            token = "canary.access.token.0123456789"  # noqa: S105 - made up
            return json_answer({"access_token": token, "token_type": "Bearer", "expires_in": 3600})
        if path_of(request) == "/smtp/senders":
            return json_answer(["app@example.com"])
        return json_answer({"result": True, "id": "pzkic9-0afezp-fc"})

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the message of a call."""
        return [_decoded(json.loads(request.body)["email"])] if path_of(request) == "/smtp/emails" else []

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"error_code", "message"}`."""
        return json_answer({"error_code": refusal.code, "message": refusal.text}, refusal.status)

    def options(self, url: str) -> dict[str, str]:
        """Return the address alone: tokens come from the same."""
        return {"base_url": url}


def _decoded(said: dict[str, Any]) -> Decoded:
    template = said.get("template", {})
    return Decoded(
        from_=[person(said["from"])],
        to=_people(said, "to"),
        cc=_people(said, "cc"),
        bcc=_people(said, "bcc"),
        reply_to=[person(said["reply_to"])] if "reply_to" in said else [],
        subject=said["subject"],
        text=said.get("text", ""),
        html=b64decode(said.get("html", ""), validate=True).decode(),
        attachments=[_file(*each) for each in said.get("attachments_binary", {}).items()],
        template=(str(template["id"]), None) if template else None,
        merge=template.get("variables", {}),
    )


def _people(said: dict[str, Any], field: str) -> list[Address]:
    return [person(each) for each in said.get(field, [])]


def _file(name: str, content: str) -> DecodedFile:
    return DecodedFile(
        content=b64decode(content, validate=True),
        name=name,
        content_type=guess_type(name)[0] or "application/octet-stream",
    )
