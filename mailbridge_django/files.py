"""Attachments of a Django message, as Attachments."""

from __future__ import annotations

from email.message import Message as Part
from typing import Any, Literal, cast

from django.core.mail import EmailMessage

from mailbridge import Attachment
from mailbridge_django.bodies import NotOurs
from mailbridge_django.rendering import rendered

OCTETS = "application/octet-stream"
_KNOWN = {"content-type", "content-transfer-encoding", "content-disposition", "content-id", "mime-version"}


def attachments(message: EmailMessage, html: str) -> list[Attachment]:
    """Return the attachments; what the HTML shows by `cid:` is marked as inline.

    Raises NotOurs for a part that an Attachment cannot hold, MessageInvalid.
    """
    return [_part(each, html) if isinstance(each, Part) else _file(*each) for each in message.attachments]


def _file(filename: Any, content: Any, mimetype: Any) -> Attachment:
    """Make one of a triple, by the rules of `EmailMessage.attach`."""
    filename = str(filename) if filename else None
    kind = str(mimetype)
    charset = None
    if kind.startswith("message/"):
        if kind.lower() != "message/rfc822":
            raise NotOurs(f"an attachment is of the type {kind}")
        content = _message(content)
    elif kind.startswith("text/"):
        content, kind, charset = _text(content, kind)
    elif not isinstance(content, (bytes, bytearray, memoryview)):
        content = str(content).encode()
    return _faithful(Attachment(content, filename, kind, charset=charset), filename)


def _text(content: Any, kind: str) -> tuple[bytes, str, str | None]:
    if not isinstance(content, (bytes, bytearray, memoryview)):
        return str(content).encode(), kind, "utf-8"
    content = bytes(content)
    try:
        content.decode()
    except UnicodeDecodeError:
        return content, OCTETS, None
    return content, kind, "utf-8"


def _message(content: Any) -> bytes:
    if isinstance(content, EmailMessage):
        return rendered(content)
    if isinstance(content, Part):
        return content.as_bytes()
    return content if isinstance(content, bytes) else str(content).encode()


def _part(part: Part, html: str) -> Attachment:
    """Make one of a MIMEPart (or MIMEBase) that is a plain file."""
    if part.is_multipart():
        raise NotOurs("an attached MIME part has parts of its own")
    if unknown := {name.lower() for name in part.keys()} - _KNOWN:
        raise NotOurs(f"an attached MIME part has the header {min(unknown)}")
    disposition = part.get_content_disposition()
    if disposition not in (None, "inline", "attachment") or _further_parameters(part):
        raise NotOurs("an attached MIME part has a disposition of its own")
    filename = part.get_filename()
    content_id = str(part["Content-ID"]).strip() if part["Content-ID"] else None
    inline = content_id is not None and f"cid:{content_id.strip('<>')}" in html
    made = Attachment(
        cast("bytes", part.get_payload(decode=True) or b""),
        filename,
        _content_type(part),
        inline=inline,
        content_id=content_id,
        # Without a word on it, readers treat a part as inline (RFC 2183 section 2).
        disposition=cast('Literal["inline", "attachment"]', disposition or "inline"),
    )
    return _faithful(made, filename)


def _content_type(part: Part) -> str:
    """Return the type with its parameters, but the name: it says what the disposition's filename says."""
    parameters = part.get_params(failobj=[], header="content-type")[1:]
    for name, value in parameters:
        if name.lower() != "name" and not isinstance(value, str):
            raise NotOurs("an attached MIME part has an encoded parameter")
    said = [f'{name}="{value}"' for name, value in parameters if name.lower() != "name"]
    return "; ".join((part.get_content_type(), *said))


def _further_parameters(part: Part) -> bool:
    parameters = part.get_params(failobj=[], header="content-disposition")[1:]
    return any(name.lower() != "filename" for name, _ in parameters)


def _faithful(made: Attachment, filename: str | None) -> Attachment:
    if made.filename != filename:
        raise NotOurs("the name of an attached file is a path")
    return made
