"""Bytes to text, by the charsets that mail uses and no other codec of Python's."""

from __future__ import annotations

import re

from mailbridge.message.parse.loss import Loss

# Not every codec of Python's is a charset: `punycode` is quadratic, `unicode_escape` runs escapes.
_KNOWN = re.compile(
    r"(?i)(?:(?:us-)?ascii|utf-?(?:8|16)(?:-?[bl]e)?|iso[-_]?8859-\d{1,2}|latin-?\d{1,2}|(?:windows-?|cp)\d{3,4}|koi8-[rut]"
    r"|gbk|gb2312|gb18030|hz|big5(?:-?hkscs)?|euc[-_](?:jp|kr)|shift[-_]jis|iso-2022-(?:jp(?:-[123])?|kr)|tis-620)"
).fullmatch


def decoded(octets: bytes, charset: str) -> str:
    """Decode strictly. Raises Loss for an unknown charset, and for octets that are not of it."""
    if not _KNOWN(charset):
        raise Loss(f"the charset {charset[:40]!r}")
    try:
        return octets.decode(charset)
    except (LookupError, ValueError):
        raise Loss(f"octets that are not {charset}") from None
