"""Amazon SES, API v2: SendEmail and SendBulkEmail.

Answers: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html, API_SendBulkEmail.html and
CommonErrors.html (2026-11-22).
"""

from __future__ import annotations

import json
from base64 import b64decode
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
from mailbridge.testing.stubs.mime import read_mime
from mailbridge.testing.stubs.people import ascii_only, decoded_words, mailbox
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["Ses"]

_SEND = "/v2/email/outbound-emails"
_SEND_BULK = "/v2/email/outbound-bulk-emails"
_UNVERIFIED = "Email address is not verified. The following identities failed the check in region EU-WEST-1: "


class Ses(Replies):
    """Answers as SES does, whoever signed: signatures are not verified."""

    dsn = "ses://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMIcanary%2FbPxRfiCYEXAMPLEKEY@eu-west-1"
    tolerated: ClassVar = {"bcc.name": "in MIME they are recipients and nothing else: nobody sees their names"}
    refusals: ClassVar = {
        AuthFailed: Refusal(
            403, "The security token included in the request is invalid.", "UnrecognizedClientException"
        ),
        ConfigError: Refusal(400, "Sending paused for this account.", "SendingPausedException"),
        SenderRefused: Refusal(400, f"{_UNVERIFIED}app@example.com", "MessageRejected"),
        ContentRefused: Refusal(400, "Email content is not valid.", "BadRequestException"),
        RateLimited: Refusal(429, "Maximum sending rate exceeded.", "TooManyRequestsException"),
        ServerError: Refusal(503, "The service is unavailable.", "ServiceUnavailable"),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything."""
        if path_of(request) == "/v2/email/account":
            quota = {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 0.0}
            return json_answer({"SendingEnabled": True, "ProductionAccessEnabled": True, "SendQuota": quota})
        said = json.loads(request.body)
        if "BulkEmailEntries" not in said:
            return json_answer({"MessageId": "0102018f-1"})
        rows = [
            {"Status": "SUCCESS", "MessageId": f"0102018f-{number}"}
            for number, _ in enumerate(said["BulkEmailEntries"])
        ]
        return json_answer({"BulkEmailEntryResults": rows})

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the message of a SendEmail, or one for each entry of a SendBulkEmail."""
        if path_of(request) not in (_SEND, _SEND_BULK):
            return []
        said = json.loads(request.body)
        if "BulkEmailEntries" in said:
            return [_entry(said, each) for each in said["BulkEmailEntries"]]
        if "Raw" in said["Content"]:
            return [_raw(said)]
        if "Simple" in said["Content"]:
            return [_simple(said, said["Content"]["Simple"])]
        template = said["Content"]["Template"]
        headers, tags = template.get("Headers", []), said.get("EmailTags", [])
        return [_filled_in(said, template, headers, template["TemplateData"], tags)]

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"message"}` with the code in a header."""
        return json_answer({"message": refusal.text}, refusal.status, [("x-amzn-ErrorType", str(refusal.code))])

    def refusing(self, request: HttpRequest, who: frozenset[str]) -> HttpResponse:
        """Refuse the whole call, as in the sandbox, where recipients have to be verified too."""
        return self.error(Refusal(400, _UNVERIFIED + ", ".join(sorted(who)), "MessageRejected"))


def _raw(said: dict[str, Any]) -> Decoded:
    octets = b64decode(said["Content"]["Raw"]["Data"], validate=True)
    if not octets.isascii():
        raise MessageInvalid("Raw.Data: SES takes 7 bits.", field="raw")
    read = read_mime(octets)
    to = said.get("Destination", {"ToAddresses": [each.wire for each in (*read["to"], *read["cc"])]})
    return Decoded(
        **read,
        raw=octets,
        bcc=[Address(each) for each in to.get("BccAddresses", [])],
        recipients=[Address(each) for field in to.values() for each in field],
        **_about(said, said.get("EmailTags", []), read["from_"][0].wire),
    )


def _simple(said: dict[str, Any], content: dict[str, Any]) -> Decoded:
    """Read what mailbridge does not use, and applications with an SDK of AWS do."""
    body = {name: part["Data"] for name, part in content["Body"].items()}
    texts = {"Subject": content["Subject"]["Data"], "Text": body.get("Text", ""), "Html": body.get("Html", "")}
    template = {"TemplateContent": texts, "Attachments": content.get("Attachments", [])}
    return _filled_in(said, template, content.get("Headers", []), "{}", said.get("EmailTags", []))


def _entry(said: dict[str, Any], entry: dict[str, Any]) -> Decoded:
    template = said["DefaultContent"]["Template"]
    filled = entry.get("ReplacementEmailContent", {}).get("ReplacementTemplate", {})
    own = {"Destination": entry["Destination"], **said}
    headers, tags = entry.get("ReplacementHeaders", []), entry.get("ReplacementTags", [])
    return _filled_in(own, template, headers, filled.get("ReplacementTemplateData", "{}"), tags)


def _filled_in(
    said: dict[str, Any], template: dict[str, Any], headers: list[dict[str, str]], data: str, tags: list[dict[str, str]]
) -> Decoded:
    content = template.get("TemplateContent", {})
    name = template.get("TemplateName") or template.get("TemplateArn")
    to = said["Destination"]
    author = _mailbox(said["FromEmailAddress"])
    return Decoded(
        from_=[author],
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
        headers=[(each["Name"], decoded_words(each["Value"])) for each in headers],
        **_about(said, tags, author.wire),
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
    found = mailbox(ascii_only(text, "Destination"))
    # What stands in quotes is no encoded word.
    return found if text.startswith('"') else Address(found.addr_spec, decoded_words(found.name))


def _file(said: dict[str, str]) -> DecodedFile:
    return DecodedFile(
        content=b64decode(said["RawContent"], validate=True),
        name=said["FileName"],
        content_type=said.get("ContentType", ""),
        inline=said.get("ContentDisposition") == "INLINE",
        content_id=said.get("ContentId", ""),
    )
