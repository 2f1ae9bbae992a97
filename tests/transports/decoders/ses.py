"""SES's requests read back."""

from __future__ import annotations

import json
from base64 import b64decode
from email.header import decode_header, make_header
from typing import Any

from support.mime_reading import read_mime

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "ses://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMIcanary%2FbPxRfiCYEXAMPLEKEY@eu-west-1"

TOLERATED = {"bcc.name": "in MIME they are recipients and nothing else: nobody sees their names"}


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if request.url.endswith("/account"):
        return _json({"SendingEnabled": True, "ProductionAccessEnabled": True, "SendQuota": {"MaxSendRate": 14.0}})
    said = json.loads(request.body)
    if "BulkEmailEntries" not in said:
        return _json({"MessageId": "0102018f-1"})
    rows = [
        {"Status": "SUCCESS", "MessageId": f"0102018f-{number}"} for number, _ in enumerate(said["BulkEmailEntries"])
    ]
    return _json({"BulkEmailEntryResults": rows})


def _json(body: object) -> HttpResponse:
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(body).encode())


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the message of a SendEmail, or one for each entry of a SendBulkEmail."""
    if not request.body:
        return []
    said = json.loads(request.body)
    if "BulkEmailEntries" in said:
        return [_entry(said, each) for each in said["BulkEmailEntries"]]
    if "Raw" in said["Content"]:
        return [_raw(said)]
    template = said["Content"]["Template"]
    return [
        _filled_in(said, template, template.get("Headers", []), template["TemplateData"], said.get("EmailTags", []))
    ]


def _raw(said: dict[str, Any]) -> Decoded:
    octets = b64decode(said["Content"]["Raw"]["Data"], validate=True)
    assert octets.isascii(), "SES takes 7 bits"
    read = read_mime(octets)
    to = said["Destination"]
    return Decoded(
        **read,
        raw=octets,
        bcc=[Address(each) for each in to.get("BccAddresses", [])],
        recipients=[Address(each) for field in to.values() for each in field],
        **_about(said, said.get("EmailTags", []), read["from_"][0].wire),
    )


def _entry(said: dict[str, Any], entry: dict[str, Any]) -> Decoded:
    template = said["DefaultContent"]["Template"]
    data = entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
    own = {"Destination": entry["Destination"], **said}
    return _filled_in(own, template, entry.get("ReplacementHeaders", []), data, entry.get("ReplacementTags", []))


def _filled_in(
    said: dict[str, Any], template: dict[str, Any], headers: list[dict[str, str]], data: str, tags: list[dict[str, str]]
) -> Decoded:
    content = template.get("TemplateContent", {})
    name = template.get("TemplateName") or template.get("TemplateArn")
    to = said["Destination"]
    return Decoded(
        from_=[_mailbox(said["FromEmailAddress"])],
        reply_to=[_mailbox(each) for each in said.get("ReplyToAddresses", [])],
        to=[_mailbox(each) for each in to.get("ToAddresses", [])],
        cc=[_mailbox(each) for each in to.get("CcAddresses", [])],
        bcc=[_mailbox(each) for each in to.get("BccAddresses", [])],
        subject=content.get("Subject", ""),
        text=content.get("Text", ""),
        html=content.get("Html", ""),
        template=(name, None) if name else None,
        merge=json.loads(data),
        attachments=[_file(each) for each in template.get("Attachments", [])],
        headers=[(each["Name"], _decoded(each["Value"])) for each in headers],
        **_about(said, tags, _mailbox(said["FromEmailAddress"]).wire),
    )


def _about(said: dict[str, Any], tags: list[dict[str, str]], author: str) -> dict[str, Any]:
    tracking = said.get("ConfigurationOverrides", {}).get("Tracking", {})
    switch = {"ENABLED": True, "DISABLED": False, None: None}
    named = {each["Name"]: each["Value"] for each in tags}
    return {
        "envelope_sender": said.get("FeedbackForwardingEmailAddress", author),
        "tags": [named.pop("tag")] if "tag" in named else [],
        "metadata": named,
        "track_opens": switch[tracking.get("OpenTrackingEnabled")],
        "track_clicks": switch[tracking.get("ClickTrackingEnabled")],
    }


def _mailbox(text: str) -> Address:
    assert text.isascii(), "SES takes ASCII"
    name, _, spec = text.rpartition(" ")
    if not name:
        return Address(spec)
    plain = name[1:-1].replace('\\"', '"').replace("\\\\", "\\") if name[0] == '"' else _decoded(name)
    return Address(spec.strip("<>"), plain)


def _decoded(text: str) -> str:
    return str(make_header(decode_header(text)))


def _file(said: dict[str, str]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["RawContent"], validate=True),
        name=said["FileName"],
        content_type=said["ContentType"],
        inline=said["ContentDisposition"] == "INLINE",
        content_id=said.get("ContentId", ""),
    )
