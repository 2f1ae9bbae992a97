"""SMTP2GO: POST /v3/email/send and /v3/email/batch.

Answers: https://developers.smtp2go.com/docs/send-an-email and /docs/response-codes (2026-11-22).
"""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime
from typing import Any, ClassVar

from mailbridge.errors import AuthFailed, ContentRefused, RateLimited, SenderRefused, ServerError
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.message.address import Address
from mailbridge.testing.contract.decoded import Decoded, DecodedFile
from mailbridge.testing.stubs.people import ascii_only, decoded_words, mailbox, mailboxes
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["Smtp2go"]

_ID = "1u0SwL-B9zBpi9ffUq-JAB2"


class Smtp2go(Replies):
    """Answers as SMTP2GO does: what its mail server refused stands in a success."""

    dsn = "smtp2go://api-CA0A5401234567890ABCDEF012345678@default"
    base = "/v3"
    key_header = "x-smtp2go-api-key"
    tolerated: ClassVar = {
        "inline.name": "the name of a picture is what the HTML finds it by, so the content id stands there"
    }
    refusals: ClassVar = {
        AuthFailed: Refusal(
            400, "You do not have permission to access this API endpoint", "ENDPOINT_PERMISSION_DENIED"
        ),
        SenderRefused: Refusal(400, "The sender domain is not verified", "API_EXCEPTION"),
        ContentRefused: Refusal(400, "An invalid payload was sent", "NON_VALIDATING_IN_PAYLOAD", "to"),
        RateLimited: Refusal(429, "Too many requests", "API_EXCEPTION"),
        ServerError: Refusal(503, "Service unavailable", "API_EXCEPTION"),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything."""
        if path_of(request) == "/v3/api_keys/permissions":
            return _data(["/email/send", "/email/batch"])
        if path_of(request) == "/v3/email/batch":
            emails = json.loads(request.body)["emails"]
            return _data([{"email_id": f"1u0SwL-{number}"} for number, _ in enumerate(emails)])
        return _data({"succeeded": 1, "failed": 0, "failures": [], "email_id": _ID})

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the messages of a call."""
        if not path_of(request).startswith("/v3/email/"):
            return []
        said = json.loads(request.body)
        return [_decoded(each) for each in said.get("emails", [said])]

    def lets_in(self, request: HttpRequest) -> bool:
        """Whether there is a key, which may stand in the body."""
        return super().lets_in(request) or b'"api_key"' in request.body

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"request_id", "data": {"error", "error_code", "field_validation_errors"}}`."""
        said: dict[str, Any] = {"error": refusal.text, "error_code": f"E_ApiResponseCodes.{refusal.code}"}
        if refusal.field:
            said["field_validation_errors"] = {"fieldname": refusal.field, "message": "Value did not match"}
        return _data(said, refusal.status)

    def refusing(self, request: HttpRequest, who: frozenset[str]) -> HttpResponse:
        """Say what the mail server behind the API said of these recipients."""
        said = json.loads(request.body)
        everybody = [each.wire for field in ("to", "cc", "bcc") for each in mailboxes(said.get(field) or [])]
        failures = [f"550 <{each}> unrouteable address" for each in everybody if each.lower() in who]
        left = len(everybody) - len(failures)
        found = {"succeeded": left, "failed": len(failures), "failures": failures, "email_id": _ID if left else ""}
        return _data(found)


def _data(data: object, status: int = 200) -> HttpResponse:
    return json_answer({"request_id": "aa253464-0bd0-467a-b24b-6159dcd7be60", "data": data}, status)


def _decoded(said: dict[str, Any]) -> Decoded:
    headers = [(each["header"], ascii_only(each["value"], "headers")) for each in said.get("custom_headers", [])]
    return Decoded(
        from_=[_mailbox(said["sender"])],
        to=_mailboxes(said, "to"),
        cc=_mailboxes(said, "cc"),
        bcc=_mailboxes(said, "bcc"),
        reply_to=[_named(each) for name, value in headers if name.lower() == "reply-to" for each in mailboxes(value)],
        subject=said.get("subject", ""),
        text=said.get("text_body", ""),
        html=said.get("html_body", ""),
        attachments=[
            *(_file(each, inline=False) for each in said.get("attachments", [])),
            *(_file(each, inline=True) for each in said.get("inlines", [])),
        ],
        headers=[(name, decoded_words(value)) for name, value in headers if name.lower() != "reply-to"],
        send_at=datetime.strptime(said["schedule"], "%Y-%m-%d %H:%M:%S %z") if "schedule" in said else None,
        template=(said["template_id"], None) if "template_id" in said else None,
        merge=said.get("template_data", {}),
    )


def _mailboxes(said: dict[str, Any], field: str) -> list[Address]:
    return [_mailbox(each) for each in said.get(field) or []]


def _mailbox(text: str) -> Address:
    found = mailbox(text)
    return found if text.startswith('"') else _named(found)


def _named(found: Address) -> Address:
    return Address(found.addr_spec, decoded_words(found.name))


def _file(said: dict[str, str], *, inline: bool) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["fileblob"], validate=True),
        name=said["filename"],
        content_type=said["mimetype"],
        inline=inline,
        content_id=said["filename"] if inline else "",
    )
