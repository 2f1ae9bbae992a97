"""Mailgun: POST /v3/{domain}/messages and …/messages.mime.

Answers: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages and the words of its
limits as users report them (2026-11-22).
"""

from __future__ import annotations

import json
from email import message_from_bytes
from email.utils import parsedate_to_datetime
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
from mailbridge.testing.stubs.forms import File, Form, form_of
from mailbridge.testing.stubs.mime import read_mime
from mailbridge.testing.stubs.people import mailbox, mailboxes
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["Mailgun"]


class Mailgun(Replies):
    """Answers as Mailgun does: one id for the whole call, which is the Message-ID."""

    dsn = "mailgun://key-0123456789abcdef0123456789abcdef@mg.example.com"
    tolerated: ClassVar = {"inline.name": "the content id is made of the file's name"}
    refusals: ClassVar = {
        AuthFailed: Refusal(401, "Forbidden"),
        ConfigError: Refusal(
            403, "Domain mg.example.com is not allowed to send: Please activate your Mailgun account."
        ),
        SenderRefused: Refusal(400, "'from' parameter is not a valid address. please check documentation"),
        ContentRefused: Refusal(400, "'to' parameter is not a valid address. please check documentation"),
        RateLimited: Refusal(
            429,
            "Domain mg.example.com is not allowed to send: account-requests-per-sec limit exceeded, try again after "
            "{seconds} seconds",
        ),
        ServerError: Refusal(503, "Service Unavailable"),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything; the id is the Message-ID."""
        if request.method == "GET":
            return json_answer({"domain": {"state": "active", "name": "mg.example.com"}})
        form = form_of(request)
        raw = [each.content for each in form.files if each.field == "message"]
        own = str(message_from_bytes(raw[0])["message-id"] or "") if raw else form.first("h:Message-ID")
        return json_answer({"id": own or "<20261122.1.0001@mg.example.com>", "message": "Queued. Thank you."})

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return one message, or one for each recipient where the call has recipient variables."""
        path = path_of(request)
        if request.method == "GET" or not path.endswith(("/messages", "/messages.mime")):
            return []
        form = form_of(request)
        variables = json.loads(form.first("recipient-variables") or "{}")
        if path.endswith(".mime"):
            return [_mime(form, variables)]
        to = [each for value in form.every("to") for each in mailboxes(value)]
        if not variables or len(to) == 1:
            return [_decoded(form, to, variables.get(to[0].wire, {}) if to else {}, form.fields)]
        return [_for_one(form, each, variables) for each in to]

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return `{"message"}`; a wrong key is answered in plain text."""
        if refusal.status == 401:
            return HttpResponse(401, [("Content-Type", "text/plain")], refusal.text.encode())
        return json_answer({"message": refusal.text}, refusal.status)


def _for_one(form: Form, to: Address, variables: dict[str, Any]) -> Decoded:
    own = variables.get(to.wire, {})
    merge = {name: value for name, value in own.items() if name[:2] not in ("v:", "h:")}
    fields = []
    for name, value in form.fields:
        if name.startswith("v:") and value == f"%recipient.{name[2:]}%":  # data for a stored template
            if not form.first("template"):
                raise MessageInvalid(f"{name}: is data for a template, and there is none.", field="merge_data")
        else:
            fields.append((name, own[name] if value == f"%recipient.{name}%" else value))
    return _decoded(form, [to], merge, fields)


def _decoded(form: Form, to: list[Address], merge: dict[str, Any], fields: list[tuple[str, str]]) -> Decoded:
    said = dict(fields)
    own = [(name[2:], value) for name, value in fields if name.startswith("h:")]
    sender = [value for name, value in own if name == "Sender"]
    return Decoded(
        from_=mailboxes(said["from"]),
        to=to,
        cc=[each for name, value in fields if name == "cc" for each in mailboxes(value)],
        bcc=[each for name, value in fields if name == "bcc" for each in mailboxes(value)],
        reply_to=[each for name, value in own if name.lower() == "reply-to" for each in mailboxes(value)],
        sender=mailbox(sender[0]) if sender else None,
        subject=said.get("subject", ""),
        text=said.get("text", ""),
        html=said.get("html", ""),
        alternatives=[("text/x-amp-html", said["amp-html"])] if "amp-html" in said else [],
        attachments=[_file(each) for each in form.files],
        headers=[pair for pair in own if pair[0].lower() not in ("reply-to", "sender")],
        template=(said["template"], said.get("t:version")) if "template" in said else None,
        merge=json.loads(said.get("t:variables", "{}")) or merge,
        **_controls(fields),
    )


def _mime(form: Form, variables: dict[str, dict[str, Any]]) -> Decoded:
    (file,) = form.files
    recipients = [Address(each.addr_spec) for value in form.every("to") for each in mailboxes(value)]
    read = read_mime(file.content)
    visible = {each.key for each in (*read["to"], *read["cc"])}
    apart = not visible <= {each.key for each in recipients}
    merges = list(variables.values()) or [{}]
    if any(each != merges[0] for each in merges):
        raise MessageInvalid("recipient-variables: all who get the same octets have the same.", field="merge_data")
    return Decoded(
        **read,
        raw=file.content,
        recipients=recipients,
        bcc=[each for each in recipients if each.key not in visible and not apart],
        envelope_sender=read["from_"][0].wire if apart else None,
        merge=merges[0],
        **_controls(form.fields),
    )


def _controls(fields: list[tuple[str, str]]) -> dict[str, Any]:
    said = dict(fields)
    later = said.get("o:deliverytime")
    return {
        "tags": [value for name, value in fields if name == "o:tag"],
        "metadata": {name[2:]: value for name, value in fields if name.startswith("v:")},
        "track_opens": _switch(said.get("o:tracking-opens")),
        "track_clicks": _switch(said.get("o:tracking-clicks")),
        "send_at": parsedate_to_datetime(later) if later else None,
    }


def _switch(said: str | None) -> bool | None:
    return None if said is None else said.lower() in ("yes", "true", "htmlonly")


def _file(file: File) -> DecodedFile:
    inline = file.field == "inline"
    return DecodedFile(
        content=file.content,
        name="" if inline else file.name,
        content_type=file.content_type,
        inline=inline,
        content_id=file.name if inline else "",
    )
