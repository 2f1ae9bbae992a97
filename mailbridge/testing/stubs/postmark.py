"""Postmark: POST /email, /email/batch and their siblings for templates.

Answers: https://postmarkapp.com/developer/api/email-api and /api/overview#error-codes; what an inactive recipient
is told by: github.com/ActiveCampaign/postmark.js/issues/87 (2026-11-22).
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any, ClassVar

from mailbridge.errors import AuthFailed, ConfigError, ContentRefused, RateLimited, SenderRefused, ServerError
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.message.address import Address
from mailbridge.testing.contract.decoded import Decoded, DecodedFile
from mailbridge.testing.stubs.people import mailboxes
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["Postmark"]

_INACTIVE = (
    "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: {}. Inactive "
    "recipients are ones that have generated a hard bounce, a spam complaint, or a manual suppression."
)
_SOME_INACTIVE = "Message OK, but will not deliver to these inactive addresses: {}."


class Postmark(Replies):
    """Answers as Postmark does: for each message of a batch."""

    dsn = "postmark://0dc4a1f7-9f2b-4b39-8f6d-3f1c2f9f7a11@default"
    key_header = "x-postmark-server-token"
    refusals: ClassVar = {
        AuthFailed: Refusal(401, "Request does not contain a valid Server token.", 10),
        ConfigError: Refusal(422, "This server cannot send: there are no credits left.", 405),
        SenderRefused: Refusal(
            422,
            "The 'From' address you supplied (app@example.com) is not a Sender Signature on your account. Please add "
            "and confirm this address in order to be able to use it in the 'From' field of your messages.",
            400,
        ),
        ContentRefused: Refusal(422, "Provide either email TextBody or HtmlBody or both.", 300),
        RateLimited: Refusal(429, "Too many requests. Please retry later.", 429),
        ServerError: Refusal(503, "The Postmark API is offline for maintenance.", 100),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything."""
        if path_of(request) == "/server":
            return json_answer({"ID": 1, "Name": "Staging", "DeliveryType": "Live"})
        return self._answered(request, frozenset())

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the messages of a call."""
        return [_decoded(each) for each in _messages(request)] if path_of(request).startswith("/email") else []

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"ErrorCode", "Message"}`."""
        return json_answer({"ErrorCode": refusal.code, "Message": refusal.text}, refusal.status)

    def refusing(self, request: HttpRequest, who: frozenset[str]) -> HttpResponse:
        """Call these recipients inactive: a message that has others too is sent to them."""
        return self._answered(request, who)

    def _answered(self, request: HttpRequest, inactive: frozenset[str]) -> HttpResponse:
        rows = [_row(each, inactive) for each in _messages(request)]
        if "batch" in path_of(request):
            return json_answer(rows)
        return json_answer(rows[0], 422 if rows[0]["ErrorCode"] else 200)


def _messages(request: HttpRequest) -> list[dict[str, Any]]:
    said = json.loads(request.body)
    return said if isinstance(said, list) else said.get("Messages", [said])


def _row(said: dict[str, Any], inactive: frozenset[str]) -> dict[str, Any]:
    everybody = {each.wire.lower() for field in ("To", "Cc", "Bcc") for each in _mailboxes(said, field)}
    hit = sorted(everybody & inactive)
    if hit and everybody <= inactive:
        return {"ErrorCode": 406, "Message": _INACTIVE.format(", ".join(hit))}
    return {
        "To": said.get("To", ""),
        "SubmittedAt": "2026-11-22T10:00:00.0000000+00:00",
        "MessageID": "b7bc2f4a-e38e-4336-af7d-e6c392c2f817",
        "ErrorCode": 0,
        "Message": _SOME_INACTIVE.format(", ".join(hit)) if hit else "OK",
    }


def _decoded(said: dict[str, Any]) -> Decoded:
    template = said.get("TemplateAlias") or said.get("TemplateId")
    return Decoded(
        from_=_mailboxes(said, "From"),
        to=_mailboxes(said, "To"),
        cc=_mailboxes(said, "Cc"),
        bcc=_mailboxes(said, "Bcc"),
        reply_to=_mailboxes(said, "ReplyTo"),
        subject=said.get("Subject", ""),
        text=said.get("TextBody", ""),
        html=said.get("HtmlBody", ""),
        attachments=[_file(each) for each in said.get("Attachments") or []],
        headers=[(each["Name"], each["Value"]) for each in said.get("Headers") or [] if each["Name"] != "X-PM-KeepID"],
        tags=[said["Tag"]] if said.get("Tag") else [],
        metadata=said.get("Metadata") or {},
        track_opens=said.get("TrackOpens"),
        track_clicks={None: None, "None": False}.get(said.get("TrackLinks"), True),
        stream=said.get("MessageStream"),
        template=(str(template), None) if template else None,
        merge=said.get("TemplateModel") or {},
    )


def _mailboxes(said: dict[str, Any], field: str) -> list[Address]:
    return mailboxes(said.get(field) or "")


def _file(said: dict[str, str]) -> DecodedFile:
    content_id = said.get("ContentID") or ""
    return DecodedFile(
        content=b64decode(said["Content"], validate=True),
        name=said["Name"],
        content_type=said["ContentType"],
        inline=bool(content_id),
        content_id=content_id.removeprefix("cid:"),
    )
