"""`Transcript`: what was said on a connection, redacted, for a person to read."""

from __future__ import annotations

from typing import Literal, NamedTuple

from mailbridge.redaction import mask

Direction = Literal["C", "S", "*"]


class Line(NamedTuple):
    """One line: milliseconds since the start, who spoke (`C` we, `S` the server, `*` a remark), the words."""

    ms: float
    direction: Direction
    text: str

    def __str__(self) -> str:
        return f"{self.direction}: {self.text}"


class Transcript(list[Line]):
    """The lines of a dialogue, oldest first; secrets are masked as lines are added.

    >>> transcript = Transcript()
    >>> transcript.add(1.5, "C", "AUTH PLAIN AGFubgBzM2NyZXQ=")
    >>> print(transcript[0])
    C: AUTH PLAIN ********
    """

    def add(self, ms: float, direction: Direction, text: str) -> None:
        """Append one line."""
        self.append(Line(ms, direction, mask(text)))
