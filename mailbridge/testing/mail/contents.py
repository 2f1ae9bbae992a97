"""What a mail says, whether it is made of fields or of bytes."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message as Parsed
from email.parser import BytesHeaderParser
from typing import Any, NamedTuple, TypeAlias

from mailbridge.errors import MessageInvalid
from mailbridge.message.attachment import Attachment
from mailbridge.message.message import Message
from mailbridge.message.parse.loss import Loss
from mailbridge.message.parse.words import text as unencoded

__all__ = ["Contents", "Parts", "contents", "decoded", "inside", "octets", "parsed", "text"]

# What the standard library raises for parameters that contradict each other, `filename*0*=…; filename*=…`, say.
_CONFUSED = (LookupError, TypeError, ValueError)

Parts: TypeAlias = "Parsed[Any, Any]"


class Contents(NamedTuple):
    """The text, the HTML and the files of a mail."""

    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]


def contents(message: Message) -> Contents:
    """Return what a message says.

    Bytes that `Message` would not take apart without loss are read as well as can be: what cannot be decoded
    is replaced, for whoever tests wants to see what there is.
    """
    if message.raw is None:
        return Contents(message.text, message.html, message.attachments)
    texts: dict[str, str] = {}
    files = []
    for part in _parts(parsed(message.raw)):
        kind = part.get_content_type()
        shown = part.get_content_disposition() != "attachment" and not _name(part)
        if shown and kind in ("text/plain", "text/html") and kind not in texts:
            texts[kind] = text(part)
        else:
            files.append(_file(part))
    return Contents(texts.get("text/plain"), texts.get("text/html"), tuple(files))


def decoded(value: str) -> str:
    """Return the value of a header field with its encoded words decoded, or as it is where that cannot be done."""
    try:
        return unencoded(value)
    except Loss:
        return value


def parsed(raw: bytes) -> Parts:
    """Return a message as the standard library reads it; without its parts, where that is more than it can take."""
    try:
        return message_from_bytes(raw)
    except _CONFUSED:
        return BytesHeaderParser().parsebytes(raw)


def inside(part: Parts) -> list[Any]:
    """Return the parts of a multipart; none of anything else, a message inside the message for one."""
    # Of octets get_payload is not to be asked without `decode`: a charset such as "us\\0ascii" confuses it.
    has_parts = part.get_content_maintype() == "multipart" and part.is_multipart()
    return part.get_payload() if has_parts else []  # type: ignore[return-value]


def _parts(part: Parts) -> Iterator[Parts]:
    """Yield what is no multipart."""
    if parts := inside(part):
        for each in parts:
            yield from _parts(each)
    else:
        yield part


def octets(part: Parts) -> bytes:
    """Return the content of a part, decoded."""
    if part.is_multipart():  # a message, or several, inside the message
        inner: Any = part.get_payload()
        return b"\r\n".join(each.as_bytes() for each in inner)
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def text(part: Parts) -> str:
    """Return the content of a part as text with LF line ends."""
    content = octets(part)
    try:
        said = content.decode(part.get_content_charset("utf-8"), "replace")
    except _CONFUSED:  # a charset that Python does not know, or that is none of text
        said = content.decode("utf-8", "replace")
    return said.replace("\r\n", "\n")


def _name(part: Parts) -> str | None:
    try:
        return decoded(part.get_filename() or "") or None
    except _CONFUSED:
        return None


def _file(part: Parts) -> Attachment:
    name, identified = _name(part), str(part.get("Content-ID", "")).strip(" <>") or None
    kind, inline = part.get_content_type(), part.get_content_disposition() == "inline"
    for named, known in ((name, identified), (None, identified), (None, None)):
        try:
            return Attachment(octets(part), named, kind, inline=inline, content_id=known)
        except MessageInvalid:  # a name or an id that no message of ours may have
            continue
    return Attachment(octets(part))
