"""Mailjet's requests read back."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "mailjet://0123456789abcdef0123456789abcdef:fedcba9876543210fedcba9876543210@default"

TOLERATED = {"attachments.parameters": "it adds a charset to texts itself"}


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if "/sender" in request.url:
        return _json({"Count": 1, "Data": [{"Email": "*@example.com", "Status": "Active"}], "Total": 1})
    return _json({"Messages": [_taken(each) for each in json.loads(request.body)["Messages"]]})


def _taken(said: dict[str, Any]) -> dict[str, Any]:
    recipients = {
        field: [
            {"Email": each["Email"], "MessageUUID": f"uuid-{field}-{n}", "MessageID": 1152921504606846976 + n}
            for n, each in enumerate(said.get(field, []))
        ]
        for field in ("To", "Cc", "Bcc")
    }
    return {"Status": "success", "CustomID": "", **recipients}


def _json(body: object) -> HttpResponse:
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(body).encode())


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the messages of a call, each with what is said for all."""
    if not request.url.endswith("/v3.1/send"):
        return []
    said = json.loads(request.body)
    return [_decoded({**said.get("Globals", {}), **each}) for each in said["Messages"]]


def _decoded(said: dict[str, Any]) -> Decoded:
    return Decoded(
        from_=[_mailbox(said["From"])],
        to=list(map(_mailbox, said["To"])),
        cc=list(map(_mailbox, said.get("Cc", []))),
        bcc=list(map(_mailbox, said.get("Bcc", []))),
        reply_to=[_mailbox(said["ReplyTo"])] if "ReplyTo" in said else [],
        sender=_mailbox(said["Sender"]) if "Sender" in said else None,
        subject=said.get("Subject", ""),
        text=said.get("TextPart", ""),
        html=said.get("HTMLPart", ""),
        attachments=[
            *(_file(each, inline=False) for each in said.get("Attachments", [])),
            *(_file(each, inline=True) for each in said.get("InlinedAttachments", [])),
        ],
        headers=list(said.get("Headers", {}).items()),
        tags=[said["CustomCampaign"]] if "CustomCampaign" in said else [],
        metadata=json.loads(said.get("EventPayload", "{}")),
        track_opens=_SWITCHES[said.get("TrackOpens")],
        track_clicks=_SWITCHES[said.get("TrackClicks")],
        template=(str(said["TemplateID"]), None) if "TemplateID" in said else None,
        merge=said.get("Variables", {}) if said.get("TemplateLanguage") else {},
    )


_SWITCHES = {None: None, "enabled": True, "disabled": False}


def _mailbox(said: dict[str, str]) -> Address:
    return Address(said["Email"], said.get("Name", ""))


def _file(said: dict[str, str], *, inline: bool) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["Base64Content"], validate=True),
        name=said["Filename"],
        content_type=said["ContentType"],
        inline=inline,
        content_id=said.get("ContentID", ""),
    )
