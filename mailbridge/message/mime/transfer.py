"""Content transfer encodings (RFC 2045 section 6): which one a text needs, and the octets it makes."""

from __future__ import annotations

from binascii import b2a_base64, b2a_qp
from functools import lru_cache
from struct import Struct
from typing import Literal

LIMIT = 998
"""The longest line that SMTP carries, in octets without its CRLF (RFC 5321 section 4.5.3.1.6)."""

_COLUMNS = 76
_ROW = 57  # octets that fill one line of base64
_ROWS = 1024
_BLOCK = _ROW * _ROWS

Encoding = Literal["7bit", "8bit", "quoted-printable", "base64"]


def canonical(text: str) -> bytes:
    """Encode text as UTF-8 with CRLF line ends: a bare CR, a bare LF and CRLF are one line end each."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.encode().replace(b"\n", b"\r\n")


def fits(data: bytes) -> bool:
    """Say whether `data`, with CRLF line ends, may travel as it is: no NUL, no line over 998 octets.

    It hops from line end to line end, always to the farthest that is still within reach, and so
    reads only a small part of what has ordinary lines.
    """
    start, size = 0, len(data)
    while size - start > LIMIT:
        end = data.rfind(b"\r\n", start, start + LIMIT + 2)
        if end < 0:
            return False
        start = end + 2
    return 0 not in data


def encode(data: bytes, *, eight_bit: bool) -> tuple[Encoding, list[bytes]]:
    """Choose the encoding of a text in canonical form, and apply it.

    7bit or 8bit where the lines permit it and, for 8bit, the peer offers 8BITMIME; otherwise
    quoted-printable or base64, whichever is smaller. The text's last line end is left as it is:
    base64 keeps a missing one missing, and so do the others inside a multipart. No octets, no piece.
    """
    if fits(data):
        if data.isascii():
            return "7bit", [data] if data else []
        if eight_bit:
            return "8bit", [data]
    characters = (len(data) + 2) // 3 * 4
    size = characters + 2 * ((characters + _COLUMNS - 1) // _COLUMNS)
    if _least_quoted(data) <= size and len(quoted := quoted_printable(data)) <= size:
        return "quoted-printable", [quoted]
    return "base64", base64(data)


_QUOTED_AS_SELF = bytes(octet for octet in range(127) if octet >= 0x20 and octet != 0x3D) + b"\t\r\n"


def _least_quoted(data: bytes) -> int:
    """Say how small quoted-printable can be at best: without any soft line break."""
    return len(data) + 2 * len(data.translate(None, _QUOTED_AS_SELF))


def quoted_printable(data: bytes) -> bytes:
    """Encode text in canonical form as quoted-printable (RFC 2045 section 6.7).

    The last line gets no CRLF that `data` has not.
    """
    data = data.replace(b"\r\n", b"\n")
    if b" \n" in data or b"\t\n" in data:
        # binascii escapes the white space before a line end only after it has measured the line,
        # and makes lines of 78 octets of it (3.11 to 3.13); alone, a line comes out right.
        data = b"\n".join(map(b2a_qp, data.split(b"\n")))
    else:
        data = b2a_qp(data)
    return data.replace(b"\n", b"\r\n")


def base64(data: bytes) -> list[bytes]:
    """Encode octets as base64 in lines of 76 (RFC 2045 section 6.8), each with its CRLF.

    In blocks of 78 KiB: what is large is never held a second time, not even for a moment.
    """
    view, whole = memoryview(data), len(data) // _BLOCK * _BLOCK
    lines = _lines().unpack if whole else None
    blocks = []
    if lines:
        for start in range(0, whole, _BLOCK):
            blocks.append(b"\r\n".join(lines(b2a_base64(view[start : start + _BLOCK], newline=False))) + b"\r\n")
    if whole < len(data):
        rest = b2a_base64(view[whole:], newline=False)
        rows = [rest[start : start + _COLUMNS] for start in range(0, len(rest), _COLUMNS)]
        blocks.append(b"\r\n".join(rows) + b"\r\n")
    return blocks


@lru_cache(maxsize=1)
def _lines() -> Struct:
    """Cut a block in lines: one call of `struct` is twice as fast as 1024 slices (and costs 0.1 ms to set up)."""
    return Struct(f"{_COLUMNS}s" * _ROWS)
