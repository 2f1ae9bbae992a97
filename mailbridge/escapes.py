r"""Writes control characters out, so that hostile text cannot move a cursor or forge a log line.

Subjects, names and a server's words come from strangers. On a terminal an ESC recolours, retitles
or hides; in a log a line feed begins a line that was never logged; a bidirectional override makes
`exe.txt` out of `txt.exe`. All of them become visible: `\x1b`, `\n`, `\u202e`.
"""

from __future__ import annotations

import re

# C0, DEL, C1, line and paragraph separators, bidirectional controls, zero-width characters and
# lone surrogates. ZWJ and ZWNJ (U+200C, U+200D) stay: emoji and Persian need them.
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def visible(text: str, *, keep: str = "") -> str:
    r"""Return `text` with every control character written out, except those in `keep`.

    >>> print(visible("Hi\x1b[2J\nBcc: eve@example.com"))
    Hi\x1b[2J\nBcc: eve@example.com
    """
    return _CONTROL.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def _escape(character: str) -> str:
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
