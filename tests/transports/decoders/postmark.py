"""Postmark's requests read back."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from typing import Any

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "postmark://0dc4a1f7-9f2b-4b39-8f6d-3f1c2f9f7a11@default"

_MAILBOX = re.compile(r'"((?:[^"\\]|\\.)*)" <([^>]*)>|((?:"[^"]*"|[^", ]+)@[^", ]+)')
_TAKEN = {"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a-e38e-4336-af7d-e6c392c2f817"}


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if request.url.endswith("/server"):
        return _json({"ID": 1, "Name": "Staging", "DeliveryType": "Live"})
    said = json.loads(request.body)
    if "batch" not in request.url:
        return _json(_TAKEN)
    return _json([_TAKEN for _ in (said if isinstance(said, list) else said["Messages"])])


def _json(body: object) -> HttpResponse:
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(body).encode())


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the messages of a call."""
    if "/email" not in request.url:
        return []
    said = json.loads(request.body)
    return [_decoded(each) for each in (said if isinstance(said, list) else said.get("Messages", [said]))]


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
        attachments=[_file(each) for each in said.get("Attachments", [])],
        headers=[(each["Name"], each["Value"]) for each in said.get("Headers", []) if each["Name"] != "X-PM-KeepID"],
        tags=[said["Tag"]] if "Tag" in said else [],
        metadata=said.get("Metadata", {}),
        track_opens=said.get("TrackOpens"),
        track_clicks={None: None, "None": False}.get(said.get("TrackLinks"), True),
        stream=said.get("MessageStream"),
        template=(str(template), None) if template else None,
        merge=said.get("TemplateModel", {}),
    )


def _mailboxes(said: dict[str, Any], field: str) -> list[Address]:
    found = _MAILBOX.findall(said.get(field, ""))
    return [Address(named or bare, re.sub(r"\\(.)", r"\1", name)) for name, named, bare in found]


def _file(said: dict[str, str]) -> DecodedFile:
    content_id = said.get("ContentID", "")
    return DecodedFile(
        content=b64decode(said["Content"], validate=True),
        name=said["Name"],
        content_type=said["ContentType"],
        inline=bool(content_id),
        content_id=content_id.removeprefix("cid:"),
    )
