"""Header values with parameters, as other programs write them: RFC 2045, and RFC 2231, the way back."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from mailbridge.message.parse import words
from mailbridge.message.parse.charsets import decoded
from mailbridge.message.parse.loss import Loss

_VALUE = re.compile(r"\s*([^\s;\"()]+)\s*").match
_QUOTED = r"\"((?:[^\"\\]|\\.)*)\""
_PARAMETER = re.compile(rf";\s*(?:([^\s=;\"*]+)(\*\d{{1,3}})?(\*?)\s*=\s*(?:{_QUOTED}|([^\s;\"()]*))\s*)?").match
_EXTENDED = re.compile(r"([^']*)'[^']*'(.*)", re.DOTALL).fullmatch


def described(header: str) -> tuple[str, dict[str, str]]:
    """Return the value of a header, in lower case, and its parameters. Raises Loss for anything else in it.

    A parameter in its RFC 2231 form goes before the same one in plain form, which is for old readers.
    """
    start = _VALUE(header)
    if not start:
        raise Loss(f"the value {header[:40]!r}")
    plain: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[bool, str]]] = {}
    position = start.end()
    while position < len(header):
        match = _PARAMETER(header, position)
        if not match:
            raise Loss(f"the parameter {header[position : position + 40]!r}")
        position = match.end()
        if match[1]:
            _put(match, plain, extended)
    joined = {name: _joined(sections) for name, sections in extended.items()}
    return start[1].lower(), {**plain, **joined}


def _put(match: re.Match[str], plain: dict[str, str], extended: dict[str, dict[int, tuple[bool, str]]]) -> None:
    name, section, star, quoted, token = match.groups()
    text = token if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    name = name.lower()
    if section or star:
        sections, number = extended.setdefault(name, {}), int(section[1:]) if section else 0
    elif name in plain:
        raise Loss(f"{name} twice")
    else:
        plain[name] = words.text(text)
        return
    if number in sections:
        raise Loss(f"{name} twice")
    sections[number] = (bool(star), text)


def _joined(sections: dict[int, tuple[bool, str]]) -> str:
    """Put the sections of one parameter together; the first one may name their charset (RFC 2231 4.1)."""
    if sorted(sections) != list(range(len(sections))):
        raise Loss("a parameter that lacks a section")
    charset = "us-ascii"
    first_encoded, first = sections[0]
    if first_encoded:
        match = _EXTENDED(first)
        if not match:
            raise Loss("an encoded parameter without a charset")
        charset, sections[0] = match[1] or charset, (True, match[2])
    elif any(encoded for encoded, _ in sections.values()):
        raise Loss("an encoded parameter without a charset")
    in_order = [(encoded, text.encode("utf-8", "surrogateescape")) for _, (encoded, text) in sorted(sections.items())]
    return decoded(b"".join([unquote_to_bytes(each) if encoded else each for encoded, each in in_order]), charset)
