"""Mailgun's requests read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from support.descriptions import violations
from support.mime_reading import read_mime

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded, DecodedFile

DSN = "mailgun://key-0123456789abcdef0123456789abcdef@mg.example.com"

TOLERATED = {
    "inline.name": "the content id is made of the file's name",
}


def judge(request: HttpRequest) -> list[str]:
    """Return what the description has against a request.

    It wants a subject always, and says in prose that a template's own will do.
    """
    templated = any(mark in request.body for mark in (b'name="template"', b"&template="))
    return [each for each in violations("mailgun", request) if not (templated and "'subject'" in each)]


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything; the id is the Message-ID."""
    if request.method == "GET":
        return _json({"domain": {"state": "active", "name": "mg.example.com"}})
    form = _form(request)
    raw = [each.content for each in form.files if each.field == "message"]
    own = str(message_from_bytes(raw[0])["message-id"]) if raw else _first(form, "h:Message-ID")
    return _json({"id": own, "message": "Queued. Thank you."})


def _json(body: object) -> HttpResponse:
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(body).encode())


def decode(request: HttpRequest) -> list[Decoded]:
    """Return one message, or one for each recipient where the call has recipient variables."""
    if request.method == "GET":
        return []
    form = _form(request)
    variables = json.loads(_first(form, "recipient-variables") or "{}")
    if request.url.endswith("/messages.mime"):
        return [_mime(form, variables)]
    assert request.url == "https://api.mailgun.net/v3/mg.example.com/messages"
    to = [each for name, each in form.fields if name == "to"]
    if not variables or len(to) == 1:
        return [_decoded(form, to, variables.get(_mailbox(to[0]).wire, {}), form.fields)]
    return [_for_one(form, each, variables) for each in to]


def _for_one(form: Form, to: str, variables: dict[str, Any]) -> Decoded:
    own = variables[_mailbox(to).wire]
    merge = {name: value for name, value in own.items() if name[:2] not in ("v:", "h:")}
    fields = []
    for name, value in form.fields:
        if name.startswith("v:") and value == f"%recipient.{name[2:]}%":
            assert "template" in dict(form.fields)
            continue
        found = own[name] if value == f"%recipient.{name}%" else value
        fields.append((name, found))
    return _decoded(form, [to], merge, fields)


class File(NamedTuple):
    field: str
    name: str
    content_type: str
    content: bytes


class Form(NamedTuple):
    fields: list[tuple[str, str]]
    files: list[File]


def _form(request: HttpRequest) -> Form:
    kind = request.header("content-type") or ""
    if kind == "application/x-www-form-urlencoded":
        return Form(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True), [])
    whole: Any = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body, policy=policy.HTTP)
    form = Form([], [])
    for part in _parts(whole, request.body):
        name = part.get_param("name", header="content-disposition")
        file = part.get_param("filename", header="content-disposition")
        if file is None:
            form.fields.append((name, part.get_payload(decode=True).decode()))
        elif part.get_content_type() == "message/rfc822":
            form.files.append(File(name, file, "message/rfc822", _verbatim(request, file)))
        else:
            form.files.append(File(name, file, part["content-type"], part.get_payload(decode=True)))
    return form


def _parts(whole: Any, body: bytes) -> Iterator[Any]:
    assert not whole.defects
    yield from whole.iter_parts()


def _verbatim(request: HttpRequest, name: str) -> bytes:
    """Return the octets of a file that the library would parse."""
    boundary = b"\r\n--" + (request.header("content-type") or "").partition("boundary=")[2].encode()
    after = request.body.partition(f'filename="{name}"\r\nContent-Type: message/rfc822\r\n\r\n'.encode())[2]
    return after.partition(boundary)[0]


def _first(form: Form, name: str) -> str:
    return next((value for key, value in form.fields if key == name), "")


def _decoded(form: Form, to: list[str], merge: dict[str, Any], fields: list[tuple[str, str]]) -> Decoded:
    said = dict(fields)
    own = [(name[2:], value) for name, value in fields if name.startswith("h:")]
    sender = [value for name, value in own if name == "Sender"]
    amp = [("text/x-amp-html", said["amp-html"])] if "amp-html" in said else []
    return Decoded(
        from_=_mailboxes(said["from"]),
        to=[_mailbox(each) for each in to],
        cc=[_mailbox(value) for name, value in fields if name == "cc"],
        bcc=[_mailbox(value) for name, value in fields if name == "bcc"],
        reply_to=[each for name, value in own if name == "Reply-To" for each in _mailboxes(value)],
        sender=_mailbox(sender[0]) if sender else None,
        subject=said.get("subject", ""),
        text=said.get("text", ""),
        html=said.get("html", ""),
        alternatives=amp,
        attachments=[_file(each) for each in form.files],
        headers=[pair for pair in own if pair[0] not in ("Reply-To", "Sender")],
        template=(said["template"], said.get("t:version")) if "template" in said else None,
        merge=json.loads(said.get("t:variables", "{}")) or merge,
        **_controls(fields),
    )


def _mime(form: Form, variables: dict[str, dict[str, Any]]) -> Decoded:
    (file,) = form.files
    recipients = [Address(value) for name, value in form.fields if name == "to"]
    read = read_mime(file.content)
    visible = {each.key for each in (*read["to"], *read["cc"])}
    apart = not visible <= {each.key for each in recipients}
    merges = list(variables.values()) or [{}]
    assert all(each == merges[0] for each in merges)
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
    switch = {"yes": True, "no": False, None: None}
    later = said.get("o:deliverytime")
    return {
        "tags": [value for name, value in fields if name == "o:tag"],
        "metadata": {name[2:]: value for name, value in fields if name.startswith("v:")},
        "track_opens": switch[said.get("o:tracking-opens")],
        "track_clicks": switch[said.get("o:tracking-clicks")],
        "send_at": parsedate_to_datetime(later) if later else None,
    }


def _file(file: File) -> DecodedFile:
    inline = file.field == "inline"
    return DecodedFile(
        content=file.content,
        name="" if inline else file.name,
        content_type=file.content_type,
        inline=inline,
        content_id=file.name if inline else "",
    )


def _mailboxes(text: str) -> list[Address]:
    found, start, quoted, escaped = [], 0, False, False
    for place, character in enumerate(text):
        if character == "," and not quoted:
            found.append(text[start:place])
            start = place + 1
        quoted ^= character == '"' and not escaped
        escaped = character == "\\" and not escaped
    return [_mailbox(each.strip()) for each in (*found, text[start:])]


def _mailbox(text: str) -> Address:
    return Address.parse(text)
