"""Octets written as `=C3` or `%C3`: the escape that RFC 2047's Q encoding and RFC 2231 share."""

from __future__ import annotations

from collections.abc import Iterator


class Escape:
    """Write text as UTF-8 where only some octets stand for themselves.

    Args:
        mark: the character that announces an escaped octet, `=` or `%`.
        plain: the characters that stand for themselves.
        space: what stands for a space; it counts as plain where it is one character.
    """

    def __init__(self, mark: str, plain: str, *, space: str = "") -> None:
        self._mark = mark
        self._written = [chr(octet) if chr(octet) in plain else f"{mark}{octet:02X}" for octet in range(256)]
        if space:
            self._written[0x20] = space
        self._plain = bytes(octet for octet in range(256) if len(self._written[octet]) == 1)

    def size(self, data: bytes) -> int:
        """Say how many characters `write` will make of `data`."""
        return len(data) + 2 * len(data.translate(None, self._plain))

    def write(self, data: bytes) -> str:
        """Write `data` as one string of ASCII characters."""
        return "".join(map(self._written.__getitem__, data))

    def pieces(self, data: bytes, first: int, rest: int) -> Iterator[str]:
        """Write `data`, valid UTF-8, in pieces that split no character.

        The first piece has at most `first` characters, the others at most `rest`; both at least 12,
        the size of one character of four octets.
        """
        text, start, room = self.write(data), 0, first
        while len(text) - start > room:
            end = self._cut(text, start + room)
            yield text[start:end]
            start, room = end, rest
        yield text[start:]

    def _cut(self, text: str, end: int) -> int:
        """Move `end` back to the start of a character."""
        if text[end - 1] == self._mark:
            end -= 1
        elif text[end - 2] == self._mark:
            end -= 2
        while text[end] == self._mark and text[end + 1] in "89AB":  # 80..BF continue a UTF-8 character
            end -= 3
        return end
