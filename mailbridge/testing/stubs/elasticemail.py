"""Elastic Email: POST /v4/emails/transactional and /v4/emails.

Answers: https://elasticemail.com/developers/api-documentation/rest-api (2026-11-22). Errors are a sentence; what the
sentences are is not documented, those here are reported by users.
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
from mailbridge.testing.stubs.people import mailbox
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["ElasticEmail"]

_FORMS = {"AMP": "text/x-amp-html"}


class ElasticEmail(Replies):
    """Answers as Elastic Email does: with the ids of the transaction and of the message."""

    dsn = "elasticemail://0123456789ABCDEF0123456789ABCDEFCANARY@default"
    base = "/v4"
    key_header = "x-elasticemail-apikey"
    refusals: ClassVar = {
        AuthFailed: Refusal(401, "Incorrect apikey"),
        ConfigError: Refusal(400, "Not enough credits"),
        SenderRefused: Refusal(400, "The From address is not verified"),
        ContentRefused: Refusal(400, "Recipients: no valid recipients"),
        RateLimited: Refusal(429, "Too many requests"),
        ServerError: Refusal(503, "Service unavailable"),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything."""
        if path_of(request) == "/v4/domains":
            return json_answer([{"Domain": "example.com"}])
        return json_answer({"TransactionID": "22a2b2fc-1d5e", "MessageID": "-HHGPM_9RPhSMiaJq_ab4g3"})

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the message, or one for each recipient who gets a private copy."""
        if not path_of(request).startswith("/v4/emails"):
            return []
        said = json.loads(request.body)
        content, to = said["Content"], said["Recipients"]
        if isinstance(to, list):
            return [_decoded(said, {"To": [each["Email"]]}, each.get("Fields", {})) for each in to]
        return [_decoded(said, to, content.get("Merge", {}))]

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"Error"}`."""
        return json_answer({"Error": refusal.text}, refusal.status)


def _decoded(said: dict[str, Any], to: dict[str, list[str]], merge: dict[str, str]) -> Decoded:
    content, options = said["Content"], said.get("Options", {})
    for each in content.get("Body", []):
        if each.get("Charset", "utf-8").lower() != "utf-8":
            raise MessageInvalid(f"Body: JSON is UTF-8, not {each['Charset']}.", field="text")
    forms = {each["ContentType"]: each["Content"] for each in content.get("Body", [])}
    return Decoded(
        from_=[mailbox(content["From"])],
        to=_mailboxes(to, "To"),
        cc=_mailboxes(to, "CC"),
        bcc=_mailboxes(to, "BCC"),
        reply_to=[mailbox(content["ReplyTo"])] if content.get("ReplyTo") else [],
        envelope_sender=content.get("EnvelopeFrom"),
        subject=content.get("Subject", ""),
        text=forms.get("PlainText", ""),
        html=forms.get("HTML", ""),
        alternatives=[(_FORMS[kind], text) for kind, text in forms.items() if kind in _FORMS],
        attachments=[_file(each) for each in content.get("Attachments", [])],
        headers=list(content.get("Headers", {}).items()),
        tags=[options["ChannelName"]] if "ChannelName" in options else [],
        metadata=json.loads(content.get("Postback", "{}")),
        track_opens=options.get("TrackOpens"),
        track_clicks=options.get("TrackClicks"),
        template=(content["TemplateName"], None) if "TemplateName" in content else None,
        merge=merge,
    )


def _mailboxes(said: dict[str, list[str]], field: str) -> list[Address]:
    return [mailbox(each) for each in said.get(field) or []]


def _file(said: dict[str, Any]) -> DecodedFile:
    content = b64decode(said["BinaryContent"], validate=True)
    if said.get("Size", len(content)) != len(content):
        raise MessageInvalid(f"Attachments: {said['Name']} is not as long as its Size says.", field="attachments")
    return DecodedFile(content=content, name=said["Name"], content_type=said.get("ContentType", ""))
