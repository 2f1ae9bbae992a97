"""What a message is made of, as parts: texts, attached files, attached messages."""

from __future__ import annotations

from functools import lru_cache

from mailbridge.errors import MessageInvalid, Unsupported
from mailbridge.message.attachment import Attachment
from mailbridge.message.media_type import media_type
from mailbridge.message.mime import lines
from mailbridge.message.mime.parameters import field, parameter
from mailbridge.message.mime.parts import Part
from mailbridge.message.mime.transfer import LIMIT, Encoding, base64, canonical, encode, fits


def text_part(text: str, kind: str, *, eight_bit: bool) -> Part:
    """Make a part of a text of the media type `kind`; CR, LF and CRLF are one line end each."""
    encoding, body = encode(canonical(text), eight_bit=eight_bit)
    return Part(_text_fields(kind, encoding), encoding, body)


def octets_part(content: bytes, kind: str) -> Part:
    """Make a part of octets that are no file."""
    return Part((_content_type(kind), "Content-Transfer-Encoding: base64\r\n"), "base64", base64(content))


@lru_cache(maxsize=64)
def _text_fields(kind: str, encoding: Encoding) -> tuple[str, ...]:
    return _content_type(f'{kind}; charset="utf-8"'), f"Content-Transfer-Encoding: {encoding}\r\n"


def file_part(attachment: Attachment, *, eight_bit: bool) -> Part:
    """Make a part of an attachment.

    Always base64, so that the recipient gets the octets that were attached, line ends included;
    except for messages, which only travel unencoded (RFC 2046 section 5.2; RFC 6532 section 3.7
    lifts that for `message/global`).
    """
    kind = attachment.content_type
    if kind.startswith("message/") and not kind.startswith("message/global"):
        encoding, body = _message(attachment, eight_bit)
    else:
        encoding, body = "base64", _encoded(attachment)
    name = parameter("filename", attachment.filename) if attachment.filename else []
    fields: tuple[str, ...] = (
        _content_type(kind),
        f"Content-Transfer-Encoding: {encoding}\r\n",
        field("Content-Disposition", attachment.disposition, name),
    )
    if attachment.content_id:
        fields = (*fields, f"Content-ID: <{attachment.content_id}>\r\n")
    return Part(fields, encoding, body)


def _content_type(value: str) -> str:
    """Write the Content-Type field of a checked media type."""
    if len(value) < 60 and value.isascii() and "=?" not in value:
        return f"Content-Type: {value}\r\n"
    kind, given = media_type(value, "content_type")
    return field("Content-Type", kind, [piece for each in given.items() for piece in parameter(*each)])


def _encoded(attachment: Attachment) -> list[bytes]:
    """Return the base64 form, and keep it with the attachment for the next message that has it."""
    blocks: list[bytes] | None = attachment.__dict__.get("_encoded")
    if blocks is None:
        blocks = attachment.__dict__["_encoded"] = base64(attachment.content)
    return blocks


def _message(attachment: Attachment, eight_bit: bool) -> tuple[Encoding, list[bytes]]:
    said = f"The attached message {attachment.filename or ''!a}".replace(" ''", "")
    body = lines.canonical_blocks(attachment.content)
    if not all(map(fits, body)):
        raise MessageInvalid(
            f"{said} has a line of more than {LIMIT} octets or a NUL, and message/rfc822 may not be encoded "
            f"(RFC 2046 5.2.1); attach it as application/octet-stream.",
            field="attachments",
        )
    if all(map(bytes.isascii, body)):
        return "7bit", body
    if not eight_bit:
        raise Unsupported(
            f"{said} has octets over 127, the server does not offer 8BITMIME, and message/rfc822 may not be encoded "
            f"(RFC 2046 5.2.1); attach it as application/octet-stream.",
            feature="8bitmime",
            field="attachments",
        )
    return "8bit", body
