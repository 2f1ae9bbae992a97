"""Mailtrap: POST /api/send and /api/batch, of the streams and of the sandbox.

Answers: https://api-docs.mailtrap.io/docs/mailtrap-api-docs/67f1d70aeb62c-send-email and its batch sibling
(2026-11-22).
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any, ClassVar

from mailbridge.errors import AuthFailed, ContentRefused, RateLimited, SenderRefused, ServerError
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.message.address import Address
from mailbridge.testing.contract.decoded import Decoded, DecodedFile
from mailbridge.testing.stubs.people import decoded_words, mailboxes, person
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["Mailtrap"]


class Mailtrap(Replies):
    """Answers as Mailtrap does: an id for each recipient."""

    dsn = "mailtrap://0f1e2d3c4b5a69788796a5b4c3d2e1f0@default"
    key_header = "api-token"
    template = "b81aabcd-1a1e-41cf-91b6-eca0254b3d96"
    tolerated: ClassVar = {"attachments.parameters": "it takes a MIME type without parameters"}
    refusals: ClassVar = {
        AuthFailed: Refusal(401, "Unauthorized"),
        SenderRefused: Refusal(401, "Sending from domain example.com is not allowed"),
        ContentRefused: Refusal(400, "'subject' is required"),
        RateLimited: Refusal(429, "Rate limit exceeded"),
        ServerError: Refusal(503, "Service unavailable"),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything."""
        if request.method == "GET":
            return json_answer([{"id": 1, "name": "Shop", "access_levels": [100]}])
        said = json.loads(request.body)
        if "requests" not in said:
            return json_answer(_taken(said))
        return json_answer({"success": True, "responses": [_taken(each) for each in said["requests"]]})

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the messages of a call; what a request of a batch says goes before what the base says."""
        if request.method != "POST" or not path_of(request).startswith(("/api/send", "/api/batch")):
            return []
        said = json.loads(request.body)
        return [_decoded({**said.get("base", {}), **each}) for each in said.get("requests", [said])]

    def lets_in(self, request: HttpRequest) -> bool:
        """Whether there is a token, which may stand in either of two headers."""
        return super().lets_in(request) or bool(request.header("authorization"))

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"success": false, "errors": […]}`."""
        return json_answer({"success": False, "errors": [refusal.text]}, refusal.status)


def _taken(said: dict[str, Any]) -> dict[str, Any]:
    recipients = [each["email"] for field in ("to", "cc", "bcc") for each in said.get(field, [])]
    return {"success": True, "message_ids": [f"id-{number}" for number, _ in enumerate(recipients)]}


def _decoded(said: dict[str, Any]) -> Decoded:
    headers = dict(said.get("headers", {}))
    several = headers.pop("Reply-To", "")
    return Decoded(
        from_=[person(said["from"])],
        to=[person(each) for each in said.get("to", [])],
        cc=[person(each) for each in said.get("cc", [])],
        bcc=[person(each) for each in said.get("bcc", [])],
        reply_to=_header(several) if several else [person(said["reply_to"])] if "reply_to" in said else [],
        subject=said.get("subject", ""),
        text=said.get("text", ""),
        html=said.get("html", ""),
        attachments=[_file(each) for each in said.get("attachments", [])],
        headers=list(headers.items()),
        tags=[said["category"]] if "category" in said else [],
        metadata=said.get("custom_variables", {}),
        template=(said["template_uuid"], None) if "template_uuid" in said else None,
        merge=said.get("template_variables", {}),
    )


def _header(text: str) -> list[Address]:
    return [Address(each.addr_spec, decoded_words(each.name)) for each in mailboxes(text)]


def _file(said: dict[str, str]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["content"], validate=True),
        name=said["filename"],
        content_type=said.get("type", ""),
        inline=said.get("disposition") == "inline",
        content_id=said.get("content_id", ""),
    )
