"""Mailjet: POST /v3.1/send.

Answers: https://dev.mailjet.com/email/guides/send-api-v31/ with its table of errors (2026-11-22).
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any, ClassVar

from mailbridge.errors import AuthFailed, ConfigError, ContentRefused, RateLimited, SenderRefused, ServerError
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.message.address import Address
from mailbridge.testing.contract.decoded import Decoded, DecodedFile
from mailbridge.testing.stubs.people import person
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["Mailjet"]

_SEND = "/v3.1/send"
_SWITCHES = {None: None, "account_default": None, "enabled": True, "disabled": False}
_FIRST_ID = 1152921504606846976


class Mailjet(Replies):
    """Answers as Mailjet does: for each message and each recipient."""

    dsn = "mailjet://0123456789abcdef0123456789abcdef:fedcba9876543210fedcba9876543210@default"
    tolerated: ClassVar = {"attachments.parameters": "it adds a charset to texts itself"}
    refusals: ClassVar = {
        AuthFailed: Refusal(401, "API key authentication/authorization failure. You may be unauthorized.", "mj-0015"),
        ConfigError: Refusal(401, "Your account has been temporarily blocked.", "mj-0001"),
        SenderRefused: Refusal(
            403, '"app@example.com" is not an authorized sender email address for your account.', "send-0008", "From"
        ),
        ContentRefused: Refusal(
            400, "At least HtmlPart, TextPart or TemplateID must be provided.", "send-0003", "TextPart"
        ),
        RateLimited: Refusal(429, "Too many requests"),
        ServerError: Refusal(503, "Service unavailable"),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything."""
        if path_of(request) != _SEND:
            return json_answer({"Count": 1, "Data": [{"Email": "*@example.com", "Status": "Active"}], "Total": 1})
        return json_answer({"Messages": [_taken(each) for each in json.loads(request.body)["Messages"]]})

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the messages of a call, each with what is said for all."""
        if path_of(request) != _SEND:
            return []
        said = json.loads(request.body)
        return [_decoded({**said.get("Globals", {}), **each}) for each in said["Messages"]]

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return an error of one message where a field is to blame, else one of the whole call."""
        said: dict[str, Any] = {"StatusCode": refusal.status, "ErrorMessage": refusal.text}
        if refusal.code:
            said["ErrorCode"] = refusal.code
        if not refusal.field:
            return json_answer(said, refusal.status)
        said["ErrorRelatedTo"] = [refusal.field]
        return json_answer({"Messages": [{"Status": "error", "Errors": [said]}]}, refusal.status)


def _taken(said: dict[str, Any]) -> dict[str, Any]:
    recipients = {
        field: [
            {"Email": each["Email"], "MessageUUID": f"uuid-{field}-{number}", "MessageID": _FIRST_ID + number}
            for number, each in enumerate(said.get(field, []))
        ]
        for field in ("To", "Cc", "Bcc")
    }
    return {"Status": "success", "CustomID": said.get("CustomID", ""), **recipients}


def _decoded(said: dict[str, Any]) -> Decoded:
    return Decoded(
        from_=[_person(said["From"])],
        to=list(map(_person, said["To"])),
        cc=list(map(_person, said.get("Cc", []))),
        bcc=list(map(_person, said.get("Bcc", []))),
        reply_to=[_person(said["ReplyTo"])] if "ReplyTo" in said else [],
        sender=_person(said["Sender"]) if "Sender" in said else None,
        subject=said.get("Subject", ""),
        text=said.get("TextPart", ""),
        html=said.get("HTMLPart", ""),
        attachments=[
            *(_file(each, inline=False) for each in said.get("Attachments", [])),
            *(_file(each, inline=True) for each in said.get("InlinedAttachments", [])),
        ],
        headers=list(said.get("Headers", {}).items()),
        tags=[said["CustomCampaign"]] if "CustomCampaign" in said else [],
        metadata=_metadata(said.get("EventPayload", "{}")),
        track_opens=_SWITCHES[said.get("TrackOpens")],
        track_clicks=_SWITCHES[said.get("TrackClicks")],
        template=(str(said["TemplateID"]), None) if "TemplateID" in said else None,
        merge=said.get("Variables", {}) if said.get("TemplateLanguage") else {},
    )


def _metadata(text: str) -> dict[str, Any]:
    """Read what comes back in events: JSON as mailbridge writes it, or a text of somebody else's."""
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    return found if isinstance(found, dict) else {"EventPayload": text}


def _person(said: dict[str, str]) -> Address:
    return person(said, "Email", "Name")


def _file(said: dict[str, str], *, inline: bool) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["Base64Content"], validate=True),
        name=said["Filename"],
        content_type=said["ContentType"],
        inline=inline,
        content_id=said.get("ContentID", ""),
    )
