"""The code blocks of a Markdown page, as the tests of the documentation read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)$")
_FILE = re.compile(r"`(?P<name>(?:[\w-]+/)*[\w.-]*\.\w+)`:\s*$")


@dataclass(frozen=True)
class Block:
    """One fenced block: its tag, its text, the line of its fence, and the file it is announced as.

    A block is announced as a file when the line before it ends with a file name in backticks and a
    colon, as in: Save this as `send.py`:
    """

    page: Path
    line: int
    tag: str
    text: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path, text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    announced = ""
    lines = iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        if not (opening := _FENCE.match(line)):
            announced = line if line.strip() else announced
            continue
        inside = list(_until(lines, opening["fence"], f"{page}:{number}"))
        indent = len(opening["indent"])
        file = _FILE.search(announced)
        body = "".join(f"{row[indent:] if not row[:indent].strip() else row}\n" for row in inside)
        yield Block(page, number, opening["info"].strip(), body, file["name"] if file else "")
        announced = ""


def _until(lines: Iterator[tuple[int, str]], fence: str, where: str) -> Iterator[str]:
    for _, line in lines:
        if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            return
        yield line
    raise AssertionError(f"{where}: the block is never closed")
