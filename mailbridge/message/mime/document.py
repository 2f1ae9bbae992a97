"""`Mime`: a message as it will travel, and what hooks may still change of it."""

from __future__ import annotations

import re

from mailbridge.errors import MessageInvalid
from mailbridge.message.header_names import header_name
from mailbridge.message.mime.fields import HARD, block, text
from mailbridge.message.text import header_text, plain

_FOLDED = re.compile(r"[!-~][ -~]*(?:\r\n +[!-~][ -~]*)*(?<! )").fullmatch


class Mime:
    """A message in octets: a header block, then segments of the body.

    Each segment ends in CRLF and begins at the start of a line, so that a transport may stuff dots
    and send them one after the other; large attachments are shared with other messages, not copied.

    >>> mime = Mime(["Subject: Hi\\r\\n"], [b"Hello\\r\\n"], eight_bit=False)
    >>> mime.add_header("X-Batch", "2026-11")
    >>> bytes(mime)
    b'Subject: Hi\\r\\nX-Batch: 2026-11\\r\\n\\r\\nHello\\r\\n'
    """

    __slots__ = ("_fields", "_head", "eight_bit", "segments")

    segments: list[bytes]
    """The body, after the empty line."""
    eight_bit: bool
    """Whether the body has octets over 127: it needs 8BITMIME."""

    def __init__(self, fields: list[str], segments: list[bytes], eight_bit: bool, *, checked: bool = True) -> None:
        self._fields = fields
        self._head = block(fields) if checked else "".join(fields).encode("utf-8", "surrogateescape")
        self.segments = segments
        self.eight_bit = eight_bit

    @property
    def utf8(self) -> bool:
        """Whether the header has octets over 127: it needs SMTPUTF8."""
        return not self._head.isascii()

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The fields as (name, value), unfolded, otherwise as they travel; a copy."""
        pairs = (field.partition(":") for field in self._fields)
        return [(name.rstrip(" \t"), value.replace("\r\n", "").strip(" \t")) for name, _, value in pairs]

    def add_header(self, name: str, value: str) -> None:
        """Add a field of text at the end of the header.

        Raises MessageInvalid for a name that a message may not set either (From, Bcc, Content-…) and
        for a value of more than one line.
        """
        self._replace([*self._fields, _field(name, value)])

    def prepend_header(self, name: str, value: str) -> None:
        """Put a field before all others, where a signature belongs (RFC 6376 section 3.5): also a DKIM-Signature.

        The value is written as it is, for a signature may cover its own folding: printable ASCII, folded,
        if at all, by CRLF and spaces, on lines of up to 998 octets. Raises as `add_header`, and
        MessageInvalid for any other value.

        >>> mime = Mime(["Subject: Hi\\r\\n"], [b"Hello\\r\\n"], eight_bit=False)
        >>> mime.prepend_header("DKIM-Signature", "v=1; d=example.com;\\r\\n b=dzdVyO==")
        >>> mime.headers
        [('DKIM-Signature', 'v=1; d=example.com; b=dzdVyO=='), ('Subject', 'Hi')]
        """
        self._replace([_ready(name, value), *self._fields])

    def set_header(self, name: str, value: str) -> None:
        """Put one field in place of all of that name; add it where there is none. Raises as `add_header`."""
        written, kept = _field(name, value), []
        for field in self._fields:
            if not _is(field, name):
                kept.append(field)
            elif written:
                kept.append(written)
                written = ""
        self._replace([*kept, written] if written else kept)

    def remove_header(self, name: str) -> None:
        """Remove all fields of that name, if there are any. Raises as `add_header`."""
        header_name(name)
        self._replace([field for field in self._fields if not _is(field, name)])

    def _replace(self, fields: list[str]) -> None:
        self._head = "".join(fields).encode("utf-8", "surrogateescape")
        self._fields = fields

    def chunks(self) -> list[bytes]:
        """Return all octets: the header block with its empty line, then the segments."""
        return [self._head + b"\r\n", *self.segments]

    @property
    def size(self) -> int:
        """The number of octets, as SMTP's SIZE counts them (RFC 1870: without dot-stuffing)."""
        return len(self._head) + 2 + sum(map(len, self.segments))

    def __len__(self) -> int:
        return self.size

    def __bytes__(self) -> bytes:
        return b"".join(self.chunks())

    def __repr__(self) -> str:
        return f"<Mime of {self.size} octets, {len(self._fields)} header fields>"


def _field(name: str, value: str) -> str:
    written = text(header_name(name), header_text(value, f"headers[{name!r}]"))
    block([written])
    return written


def _ready(name: str, value: str) -> str:
    """Return the field of a value that is folded and encoded already."""
    if str(name).lower() != "dkim-signature":
        header_name(name)
    if not _FOLDED(plain(value, "headers")):
        raise MessageInvalid(
            f"headers: the value of {name} must be printable ASCII without spaces around it, "
            "folded, if at all, by CRLF and a space.",
            field="headers",
        )
    written = f"{name}: {value}\r\n"
    if max(map(len, written.split("\r\n"))) > HARD:
        raise MessageInvalid(f"headers: {name} has a line of more than {HARD} octets; fold it.", field="headers")
    block([written])
    return written


def _is(field: str, name: str) -> bool:
    return field.partition(":")[0].rstrip(" \t").lower() == name.lower()
