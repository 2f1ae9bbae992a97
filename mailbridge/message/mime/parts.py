"""Parts: one text or file each, or several in a multipart, and the boundaries between them.

Boundaries are made of the message id, so that a message always gives the same octets, and cannot
occur in the message: each contains `=_`, which neither base64 nor quoted-printable can produce, and
a number that follows it nowhere in what is sent as 7bit or 8bit (`Multipart.stem` looks). In the
header fields of parts it would do no harm: their lines never begin with `--`.
"""

from __future__ import annotations

import re
from binascii import crc32
from collections.abc import Iterable
from itertools import count

from mailbridge.message.mime.fields import block
from mailbridge.message.mime.transfer import Encoding

_SMALL = 1 << 15
"""Pieces up to this many octets are joined; larger ones become segments uncopied."""

CRLF = b"\r\n"


class Part:
    """One text or file: its header fields, its encoding, its encoded body in pieces that begin at line starts."""

    __slots__ = ("body", "encoding", "fields")

    def __init__(self, fields: tuple[str, ...], encoding: Encoding, body: list[bytes]) -> None:
        self.fields = fields
        self.encoding = encoding
        self.body = body

    @property
    def eight_bit(self) -> bool:
        """Whether it has octets over 127."""
        return self.encoding == "8bit"

    def closed(self) -> list[bytes]:
        """Return the body as the whole of a message: it ends in CRLF, or is empty."""
        if not self.body or self.body[-1].endswith(CRLF):
            return self.body
        return [*self.body[:-1], self.body[-1] + CRLF]

    def delimited(self) -> list[bytes]:
        """Return the body with the CRLF that belongs to the boundary after it (RFC 2046 section 5.1.1)."""
        if self.encoding == "base64" and self.body:
            return self.body  # the line end of base64 is no content: it serves
        if not self.body or self.body[-1].endswith(CRLF):
            return [*self.body, CRLF]
        return [*self.body[:-1], self.body[-1] + CRLF]


class Multipart:
    """Several parts: `mixed`, `alternative` or `related`."""

    __slots__ = ("children", "subtype")

    def __init__(self, subtype: str, children: list[Part | Multipart]) -> None:
        self.subtype = subtype
        self.children = children

    @property
    def eight_bit(self) -> bool:
        """Whether any part has octets over 127."""
        return any(child.eight_bit for child in self.children)

    def fields(self, stem: str) -> tuple[str, ...]:
        """Return the header fields."""
        # RFC 2387: related names the type of its root, which is the HTML here.
        root = 'type="text/html"; ' if self.subtype == "related" else ""
        field = f'Content-Type: multipart/{self.subtype}; {root}boundary="{self._boundary(stem)}"\r\n'
        # RFC 2045 section 6.4: a multipart is labelled with the widest encoding inside it.
        return (field, "Content-Transfer-Encoding: 8bit\r\n") if self.eight_bit else (field,)

    def _boundary(self, stem: str) -> str:
        return f"{stem}{self.subtype[0]}"

    def write(self, stem: str, out: list[bytes]) -> None:
        """Append the delimited parts to `out`, in pieces that begin at line starts."""
        boundary = f"--{self._boundary(stem)}".encode()
        for child in self.children:
            fields = child.fields if isinstance(child, Part) else child.fields(stem)
            out.append(b"%b\r\n%b\r\n" % (boundary, block(fields)))
            if isinstance(child, Part):
                out += child.delimited()
            else:
                child.write(stem, out)
        out.append(boundary + b"--\r\n")

    def leaves(self) -> Iterable[Part]:
        """Return all parts, however deep."""
        for child in self.children:
            if isinstance(child, Part):
                yield child
            else:
                yield from child.leaves()

    def stem(self, seed: str) -> str:
        """Return what all boundaries begin with: from `seed`, and in no part."""
        stem = f"=_{crc32(seed.encode()):08x}."
        taken: set[bytes] = set()
        for leaf in self.leaves():
            if leaf.encoding in ("7bit", "8bit"):
                for piece in leaf.body:
                    if (sought := stem.encode()) in piece:
                        taken.update(re.findall(re.escape(sought) + rb"([0-9]+)", piece))
        return next(f"{stem}{number}" for number in count() if b"%d" % number not in taken)

    def segments(self, stem: str) -> list[bytes]:
        """Return the whole body in few segments, each beginning at a line start."""
        pieces: list[bytes] = []
        self.write(stem, pieces)
        return joined(pieces)


def joined(pieces: list[bytes]) -> list[bytes]:
    """Join runs of small pieces; leave large ones as they are."""
    out: list[bytes] = []
    run: list[bytes] = []
    for piece in pieces:
        if len(piece) > _SMALL:
            if run:
                out.append(b"".join(run))
                run = []
            out.append(piece)
        else:
            run.append(piece)
    if run:
        out.append(b"".join(run))
    return out
