"""Encoded words (RFC 2047): text in a header that is not, or does not look like, plain ASCII."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterator

from mailbridge.message.mime.escapes import Escape

WORD = 75
"""The longest encoded word, in characters (RFC 2047 section 2)."""

LINE = 76
"""The longest line that holds an encoded word, in characters (RFC 2047 section 2)."""

_Q_START, _B_START, _END = "=?utf-8?q?", "=?utf-8?b?", "?="
_FRAME = len(_Q_START) + len(_END)

SMALLEST = _FRAME + 12
"""Room for any one character: four octets are twelve characters in Q."""

# The set for phrases (RFC 2047 section 5 rule 3): good in every place a word may stand in.
_Q = Escape("=", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/", space="_")


def words(text: str, first: int = WORD) -> list[str]:
    """Encode `text` as encoded words, all Q or all B, whichever is shorter.

    Readers drop the white space between two encoded words (RFC 2047 section 6.2), so the words
    carry every space of the text themselves. No character is split between two words.

    Args:
        text: any text; nothing in it is taken for an encoded word already.
        first: the longest first word in characters, at least `SMALLEST`; the others have up to 75.

    >>> words("Café Central"), words("日本語")
    (['=?utf-8?q?Caf=C3=A9_Central?='], ['=?utf-8?b?5pel5pys6Kqe?='])
    """
    data = text.encode()
    if _Q.size(data) <= (len(data) + 2) // 3 * 4:
        return [f"{_Q_START}{piece}{_END}" for piece in _Q.pieces(data, first - _FRAME, WORD - _FRAME)]
    return [f"{_B_START}{piece}{_END}" for piece in _base64_pieces(data, first - _FRAME)]


def _base64_pieces(data: bytes, first: int) -> Iterator[str]:
    start, room = 0, first // 4 * 3
    while len(data) - start > room:
        end = start + room
        while data[end] & 0xC0 == 0x80:
            end -= 1
        yield b2a_base64(data[start:end], newline=False).decode("ascii")
        start, room = end, (WORD - _FRAME) // 4 * 3
    yield b2a_base64(data[start:], newline=False).decode("ascii")
