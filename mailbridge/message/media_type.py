"""Content types: read strictly, or guessed from a file name."""

from __future__ import annotations

import re

from mailbridge.errors import MessageInvalid
from mailbridge.message.text import header_text, shown

OCTETS = "application/octet-stream"

_WORD = r"[!#$%&'*+.^_`{|}~0-9A-Za-z-]+"  # RFC 2045 5.1
_QUOTED = r'"((?:[ !#-\[\]-~]|\\[ -~])*)"'
_PARAMETER = rf" *; *({_WORD})=(?:({_WORD})|{_QUOTED})"
_TYPE = re.compile(rf"({_WORD}/{_WORD})((?:{_PARAMETER})*)").fullmatch
_PARAMETERS = re.compile(_PARAMETER).findall
_NEEDS_QUOTES = re.compile(r"[^!#$%&'*+.^_`{|}~0-9A-Za-z-]").search


def media_type(value: object, field: str) -> tuple[str, dict[str, str]]:
    """Split `text/plain; charset=utf-8` into its type, in lower case, and its parameters.

    Raises MessageInvalid naming `field`; for `multipart/…` too, since parts are ours to arrange, and
    for the message types that would have the reader fetch or assemble something.
    """
    text = header_text(value, field, 255)
    match = _TYPE(text)
    if not match:
        raise MessageInvalid(f"{field}: {shown(text)} is not a content type such as text/csv.", field=field)
    kind = match[1].lower()
    if kind.startswith("multipart/") or kind in ("message/partial", "message/external-body"):
        raise MessageInvalid(f"{field}: {kind} cannot be the type of a file or a text.", field=field)
    parameters: dict[str, str] = {}
    for name, token, quoted in _PARAMETERS(match[2]):
        if name.lower() in parameters:
            raise MessageInvalid(f"{field}: {shown(text)} says {name} twice.", field=field)
        parameters[name.lower()] = token or re.sub(r"\\(.)", r"\1", quoted)
    return kind, parameters


def written(kind: str, parameters: dict[str, str]) -> str:
    """Join a type and its parameters, with quotes where RFC 2045 wants them."""
    return "".join((kind, *(f"; {name}={_value(value)}" for name, value in parameters.items())))


def _value(value: str) -> str:
    if value and not _NEEDS_QUOTES(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def guessed(filename: str) -> str:
    """Guess the type from a file name.

    A compressed file is not of the type it contains, and a stored message is not taken for an attached
    one, for that would be written into the message as text instead of byte for byte.
    """
    from mimetypes import guess_type

    # guess_type reads its argument as a URL: what stands before a colon or after a # would count.
    kind, encoding = guess_type(filename.replace(":", "_").replace("#", "_").replace("?", "_"), strict=False)
    if encoding == "gzip":
        return "application/gzip"
    return OCTETS if kind is None or encoding or kind.startswith(("message/", "multipart/")) else kind
