"""Line ends of octets that arrive as they are: attached messages, raw messages."""

from __future__ import annotations

_BLOCK = 1 << 18


def canonical_blocks(data: bytes, start: int = 0) -> list[bytes]:
    """Return `data` from `start` on with every bare CR and bare LF made CRLF, and a CRLF at the end.

    In blocks of about 256 KiB that begin at the start of a line, so that a large message is held
    only once more.
    """
    if start == 0 and _is_canonical(data):
        return [data]
    blocks, size = [], len(data)
    while start < size:
        # A CR at the end of the block may be half of a CRLF: only a LF ends a block, or the data.
        end = data.find(b"\n", start + _BLOCK) + 1 or size
        block = data[start:end]
        if not _is_canonical(block):
            block = canonical(block)
        blocks.append(block)
        start = end
    return blocks


def canonical(data: bytes) -> bytes:
    """Return `data` with CRLF line ends, the last line's included."""
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data[-1:] != b"\n":
        data += b"\n"
    return data.replace(b"\n", b"\r\n")


def _is_canonical(data: bytes) -> bool:
    """Count instead of copying: all CR and all LF stand in pairs, the last octets are one."""
    pairs = data.count(b"\r\n")
    return data.endswith(b"\r\n") and pairs == data.count(b"\n") == data.count(b"\r")
