"""Keeps blind copies blind: takes the Bcc header out of a message that was rendered elsewhere."""

from __future__ import annotations

import re

# An empty line, whatever ends it; atomic, or the halves of one CRLF would count as two line ends.
_HEAD_END = re.compile(rb"(\A|(?>\r\n|\r|\n))(?>\r\n|\r|\n)").search
_BLIND = re.compile(rb"(?i)(?:resent-)?bcc[ \t]*:").match


def without_bcc(raw: bytes) -> bytes:
    """Return `raw` without its Bcc and Resent-Bcc fields; nothing else is touched.

    A bare CR or LF ends a line here, because the renderer will make a line end of it.
    """
    end = found.end(1) if (found := _HEAD_END(raw)) else len(raw)
    if b"bcc" not in raw[:end].lower():
        return raw
    kept: list[bytes] = []
    blind = False
    for line in raw[:end].splitlines(keepends=True):
        if not line.startswith((b" ", b"\t")):
            blind = _BLIND(line) is not None
        if not blind:
            kept.append(line)
    if kept and kept[-1].endswith(b"\r") and raw[end : end + 1] == b"\n":
        kept.append(b"\n")  # or the two would become one line end, and the body part of the header
    return b"".join((*kept, raw[end:]))
