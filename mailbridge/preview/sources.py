"""The templates as they are written: what a person sees of a file, the lines around an error above all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from mailbridge.errors import MailError

_AROUND = 4  # lines before and after
_LONGEST = 400  # characters shown of a line


class Line(NamedTuple):
    """A line of a file; `wrong` if an error is there."""

    number: int
    text: str
    wrong: bool


def text_of(file: str, folders: Iterable[Path]) -> str | None:
    """Return a file of the templates; None if it is in none of the folders. No other file is read.

    Frameworks name a file from further up: `mail/welcome.html` lies in the folder `templates/mail`.
    """
    steps = PurePosixPath(file).parts
    for folder in folders:
        common = [count for count in range(len(steps)) if folder.parts[len(folder.parts) - count :] == steps[:count]]
        for count in common:
            path = folder.joinpath(*steps[count:]).resolve()
            if path.is_relative_to(folder.resolve()) and path.is_file():
                return path.read_text(encoding="utf-8", errors="replace")
    return None


def excerpt(error: MailError, folders: Iterable[Path]) -> list[Line]:
    """Return the lines around the place that an error names; none if it names none, or none that can be read."""
    file, line = getattr(error, "template", ""), getattr(error, "line", None)
    text = text_of(file, folders) if file and line else None
    if text is None or not line:
        return []
    first = max(0, line - 1 - _AROUND)
    shown = enumerate(text.splitlines()[first : line + _AROUND], first + 1)
    return [Line(number, words[:_LONGEST], number == line) for number, words in shown]
