"""One part of a message: its type, its name, its octets; and the parts in it."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, a2b_qp

from mailbridge.message.parse import header
from mailbridge.message.parse.charsets import decoded
from mailbridge.message.parse.loss import Loss
from mailbridge.message.parse.parameters import described

_DESCRIBED_BY = frozenset({
    "content-type", "content-transfer-encoding", "content-disposition", "content-id", "mime-version",
})  # fmt: skip
_NOT_QUOTED_PRINTABLE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*(?:\r?\n|\Z))").search
_LINE_START = rb"(?:\A|(?>\r\n|\n|\r))"
_EDGE_END = rb"(--)?[ \t]*((?>\r\n|\n|\r)|\Z)"


class Part:
    """One part, read strictly: it raises Loss wherever it would have to guess, repair, or leave something out.

    The parts in it are read when they are asked for, so that nesting costs nothing.
    """

    def __init__(self, raw: bytes, *, root: bool = False) -> None:
        fields, self._body = header.split(raw)
        headers = _descriptions(fields, root)
        self.kind, self.parameters = described(headers.get("content-type", "text/plain"))
        self.disposition, named = described(headers.get("content-disposition", "none"))
        self.content_id = headers.get("content-id", "")
        self.encoding = headers.get("content-transfer-encoding", "7bit").lower()
        self.filename = self._filename(named)
        if self.disposition not in ("none", "inline", "attachment") or named:
            raise Loss("an unusual disposition")

    def _filename(self, named: dict[str, str]) -> str | None:
        """Take the file's name from the disposition, or from the type, where it stood before RFC 2183."""
        old = None if self.is_multipart else self.parameters.pop("name", None)
        new = named.pop("filename", None)
        if old and new and old != new:
            raise Loss("a file with two names")
        return new or old

    @property
    def is_multipart(self) -> bool:
        """Whether it consists of parts."""
        return self.kind.startswith("multipart/")

    @property
    def is_file(self) -> bool:
        """Whether a reader offers it as a file, rather than showing it as text of the message."""
        shown = self.kind.startswith("text/") and self.disposition != "attachment" and not self.filename
        return not self.is_multipart and not shown

    def parts(self, parameters: frozenset[str] = frozenset()) -> list[Part]:
        """Return what a multipart consists of; these `parameters` may describe it."""
        odd = self.parameters.keys() - parameters - {"boundary", "charset"}
        if odd or self.content_id or self.disposition == "attachment":
            raise Loss(f"an unusual {self.kind}")
        return [Part(each) for each in self._split()]

    def _split(self) -> list[bytes]:
        """Cut at the boundary, to which the line end before it belongs (RFC 2046 5.1.1)."""
        boundary = self.parameters.get("boundary", "").encode("utf-8", "surrogateescape")
        edge = re.compile(_LINE_START + b"--" + re.escape(boundary) + _EDGE_END)
        found: list[bytes] = []
        at = edge.search(self._body)
        while boundary and at and not at[1]:
            start = at.end()
            at = edge.search(self._body, at.start(2))  # one line end may close an edge and open the next
            if at:
                found.append(self._body[start : max(start, at.start())])
        if not at or not found:
            raise Loss("parts without a boundary")
        return found

    def octets(self) -> bytes:
        """Return the content of anything but a multipart, decoded."""
        body, encoding = self._body, self.encoding
        if encoding in ("7bit", "8bit", "binary"):
            return body
        # RFC 2046 5.2.1: a message is not encoded, what it consists of is.
        if self.kind.startswith("message/") or encoding not in ("base64", "quoted-printable"):
            raise Loss(f"the encoding {encoding[:40]} of {self.kind}")
        if encoding == "base64":
            try:
                return a2b_base64(body.translate(None, b" \t\r\n"), strict_mode=True)
            except Error:
                raise Loss("octets that are not base64") from None
        if _NOT_QUOTED_PRINTABLE(body):
            raise Loss("octets that are not quoted-printable")
        return a2b_qp(body)

    def text(self, charset: str) -> str:
        """Return the content as text with LF line ends."""
        return decoded(self.octets(), charset).replace("\r\n", "\n")


def _descriptions(fields: list[header.Field], root: bool) -> dict[str, str]:
    """Return the headers that describe a part, by their names in lower case."""
    found: dict[str, str] = {}
    for name, value in fields:
        name = name.lower()
        if name in found or (name not in _DESCRIBED_BY and (name.startswith("content-") or not root)):
            raise Loss("a part with headers of its own")
        if name in _DESCRIBED_BY:
            found[name] = value
    return found
