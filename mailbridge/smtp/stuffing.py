"""Dot-stuffing (RFC 5321 section 4.5.2)."""

from __future__ import annotations

from collections.abc import Sequence

DOT = b".\r\n"


def stuffed(chunks: Sequence[bytes]) -> list[bytes]:
    """Double the dot at the start of each line; every chunk starts a line.

    >>> stuffed([b".a\\r\\n.\\r\\n", b"b.\\r\\n"])
    [b'..a\\r\\n..\\r\\n', b'b.\\r\\n']
    """
    return [_stuff(chunk) if b"\n." in chunk or chunk[:1] == b"." else chunk for chunk in chunks]


def _stuff(chunk: bytes) -> bytes:
    chunk = chunk.replace(b"\n.", b"\n..")
    return b"." + chunk if chunk.startswith(b".") else chunk
