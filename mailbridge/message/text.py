"""Text and bytes from the caller: what they may not contain, and how errors quote them."""

from __future__ import annotations

import re

from mailbridge.errors import MessageInvalid

LIMIT = 16_384
"""Characters a header-bound value may have. Encoded it stays near 100 KB, where Postfix stops reading
a header (`header_size_limit`, postconf(5))."""

# C0 with TAB, DEL, C1 with NEL, the two Unicode line breaks, lone surrogates: each of them ends a line
# for some reader, or cannot be encoded. Everything else is text, also what this Python has not heard of.
# (Compiled when first needed: a set that reaches beyond Latin-1 takes long to compile.)
_FORBIDDEN = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"


def header_text(value: object, field: str, limit: int = LIMIT) -> str:
    """Return `value` if it may stand in a header, else raise MessageInvalid for `field`.

    Words that look encoded (`=?utf-8?q?…?=`) are text like any other: they are never decoded.
    """
    text = value if type(value) is str else plain(value, field)
    if len(text) > limit:
        raise MessageInvalid(f"{field} has {len(text)} characters; at most {limit} are allowed.", field=field)
    if not text.isprintable() and (bad := re.search(_FORBIDDEN, text)):
        what = "lone surrogate" if "\ud800" <= bad[0] <= "\udfff" else "control character"
        raise MessageInvalid(
            f"{field} contains the {what} U+{ord(bad[0]):04X} at position {bad.start()}; "
            "remove it, for a header value is a single line of text.",
            field=field,
        )
    return text


def body_text(value: object, field: str) -> str:
    """Return `value` if it can be encoded as UTF-8, else raise MessageInvalid for `field`."""
    text = value if type(value) is str else plain(value, field)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise MessageInvalid(
                f"{field} contains the lone surrogate U+{ord(text[error.start]):04X} at position {error.start}; "
                "decode the text with the right charset first.",
                field=field,
            ) from None
    return text


def plain(value: object, field: str) -> str:
    """Return a string of a subclass (marked as safe, say) as a plain string; refuse anything else."""
    if not isinstance(value, str):
        raise MessageInvalid(f"{field} must be text (str), not {type(value).__name__}.", field=field)
    return str.__str__(value)


def octets(value: object, field: str) -> bytes:
    """Return bytes, or what is like bytes, as bytes; refuse anything else."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    raise MessageInvalid(f"{field} must be bytes, not {type(value).__name__}.", field=field)


def shown(value: object) -> str:
    """Quote foreign text for an error: ASCII, escaped, short."""
    if not isinstance(value, str):
        return type(value).__name__
    return ascii(value) if len(value) <= 60 else f"{value[:60]!a}…"
