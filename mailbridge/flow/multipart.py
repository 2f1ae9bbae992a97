r"""Forms with files: multipart/form-data (RFC 7578).

Field and file names are UTF-8 as they are (section 4.2 forbids `filename*=`), in quoted strings with
`\"` and `\\` (RFC 2045 section 5.1). Browsers write `%22` for a quote, which nobody can tell from those
three characters afterwards.

The boundary is no random one: the same form gives the same octets, and the boundary occurs nowhere in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

__all__ = ["FormFile", "form_data"]

_STEM = b"mailbridge-"
_NUMBERED = re.compile(_STEM + rb"([0-9]+)").findall


class FormFile(NamedTuple):
    """One file of a form: the field's name, the file's, its octets and their media type."""

    field: str
    filename: str
    content: bytes
    content_type: str = "application/octet-stream"


def form_data(fields: Iterable[tuple[str, str]], files: Iterable[FormFile]) -> tuple[str, bytes]:
    """Return content type and body of a form; a field may stand in it several times.

    Raises ValueError for a line break in a name or a media type.
    """
    parts = [(_head(name), value.encode()) for name, value in fields]
    parts += [(_head(file.field, file.filename, file.content_type), file.content) for file in files]
    boundary = _boundary(content for _, content in parts)
    pieces: list[bytes] = []
    for head, content in parts:
        pieces += [b"--", boundary, b"\r\n", head, b"\r\n\r\n", content, b"\r\n"]
    pieces += [b"--", boundary, b"--\r\n"]
    return f"multipart/form-data; boundary={boundary.decode()}", b"".join(pieces)


def _head(name: str, filename: str | None = None, content_type: str = "") -> bytes:
    """Return the header of a part. That of a text says no type: the default is UTF-8 (section 5.1.2)."""
    head = f"Content-Disposition: form-data; name={_quoted(name)}"
    if filename is not None:
        head += f"; filename={_quoted(filename)}\r\nContent-Type: {_line(content_type)}"
    return head.encode()


def _quoted(text: str) -> str:
    escaped = _line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _line(text: str) -> str:
    if "\r" in text or "\n" in text or "\0" in text:
        raise ValueError("a name or type in a form has a line break")
    return text


def _boundary(contents: Iterable[bytes]) -> bytes:
    """Return the first numbered boundary that no content has; each is searched once, whatever it holds."""
    taken: set[bytes] = set()
    for content in contents:
        if _STEM in content:
            taken.update(_NUMBERED(content))
    return next(_STEM + b"%d-form" % number for number in count() if b"%d" % number not in taken)
