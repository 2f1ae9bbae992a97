"""Header fields: text, addresses, dates and identifiers, folded (RFC 5322 section 2.2.3).

Every function returns one complete field, `Name: value` and CRLF, with every CRLF inside it followed
by a space. Values come from validated messages: they hold no control characters, tabs included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from mailbridge.errors import MessageInvalid, Unsupported
from mailbridge.message.address import Address
from mailbridge.message.mime.parameters import quoted
from mailbridge.message.mime.words import LINE, SMALLEST, WORD, words

if TYPE_CHECKING:
    from datetime import datetime

_SOFT = 78
HARD = 998
_LONGEST = 900
"""The longest unbroken run of characters left as it is; the name and a comma still fit beside it."""

_ATEXT = r"[-A-Za-z0-9!#$%&'*+/=?^_`{|}~]"
_ATOMS = re.compile(f"{_ATEXT}+(?: {_ATEXT}+)*").fullmatch
_CHUNK = re.compile(r" *[^ ]+").findall  # a run of spaces stays with what follows: no line is only white space

_VISIBLE = bytes(octet for octet in range(256) if octet >= 0x20 and octet != 0x7F)


def text(name: str, value: str) -> str:
    """Write a field of free text, such as Subject.

    Encoded is what lies between the first and the last word that must be: because it is not ASCII,
    because `=?` in it could be read as an encoded word, because white space at an end would be lost,
    or because it is too long for any line.
    """
    if value.isascii() and value.isprintable() and "=?" not in value and value[:1] != " " and value[-1:] != " ":
        if len(name) + len(value) <= _SOFT - 2:
            return f"{name}: {value}\r\n"
        chunks = _CHUNK(f" {value}")
        if max(map(len, chunks)) <= _LONGEST:
            return folded(f"{name}:", chunks)
    before, encoded, after = _divided(value)
    # A name of over 50 characters leaves no room within 76: then the line gets longer, which every reader takes,
    # and not empty, which some take for white space at the start of the value.
    room = WORD if before else max(LINE - len(name) - 2, SMALLEST)
    return folded(f"{name}:", [*before, *(f" {word}" for word in words(encoded, room)), *after], LINE)


def _divided(value: str) -> tuple[list[str], str, list[str]]:
    """Divide a text in chunks before, what to encode, and chunks after; each chunk begins with a space."""
    if not value.strip(" "):
        return [], value, []
    chunks = _CHUNK(f" {value}")
    must = [number for number, chunk in enumerate(chunks) if not _is_plain(chunk)]
    if value[0] == " ":
        must.insert(0, 0)
    if trailing := len(value) - len(value.rstrip(" ")):
        chunks[-1] += " " * trailing
        must.append(len(chunks) - 1)
    first, last = must[0], must[-1]
    return chunks[:first], "".join(chunks[first : last + 1])[1:], chunks[last + 1 :]


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "=?" not in text and len(text) <= _LONGEST


def folded(start: str, chunks: Iterable[str], limit: int = _SOFT) -> str:
    """Join `chunks`, each beginning with a space, folding before every one that would pass `limit`.

    The first stays on the line of the name: some readers take an empty first line for an empty value.
    """
    out, column = [start], 0
    for chunk in chunks:
        if not column:
            column = len(start)
        elif column + len(chunk) > limit:
            out.append("\r\n")
            column = 0
        out.append(chunk)
        column += len(chunk)
    out.append("\r\n")
    return "".join(out)


def mailboxes(name: str, addresses: tuple[Address, ...], *, utf8: bool = False) -> str:
    """Write a field of one or more addresses.

    Raises Unsupported(feature="smtputf8") for an address that only travels with SMTPUTF8, unless
    `utf8` says that the peer offers it.
    """
    room = LINE - len(name) - 2
    first = addresses[0]
    if len(addresses) == 1 and not first.name and len(spec := _spec(first, name, utf8)) <= room:
        return f"{name}: {spec}\r\n"
    boxes = [_mailbox(each.name, _spec(each, name, utf8), room) for each in addresses]
    if len(line := ", ".join(boxes)) <= room:
        return f"{name}: {line}\r\n"
    chunks: list[str] = []
    for box in boxes:
        if len(box) < LINE - 2:
            chunks.append(f" {box},")
        else:
            chunks += _CHUNK(f" {box},")
    chunks[-1] = chunks[-1][:-1]
    return folded(f"{name}:", chunks, LINE)


def mailbox(name: str, address: Address, *, utf8: bool = False) -> str:
    """Write a field of one address that is the same for message after message, such as From."""
    return _remembered(name, address.name, _spec(address, name, utf8))


@lru_cache(maxsize=256)
def _remembered(name: str, display: str, spec: str) -> str:
    room = LINE - len(name) - 2
    box = _mailbox(display, spec, room)
    return f"{name}: {box}\r\n" if len(box) <= room else folded(f"{name}:", _CHUNK(f" {box}"), LINE)


def _spec(address: Address, field: str, utf8: bool) -> str:
    """Keep the caller's spelling where ASCII permits it."""
    spec = address.addr_spec
    if spec.isascii():
        return spec
    spec = address.wire
    if not utf8 and not spec.isascii():
        raise Unsupported(
            f"The server does not offer SMTPUTF8, which the {field} address {spec!a} needs; "
            f"use another address of this person or another server.",
            feature="smtputf8",
            field=field.lower().replace("-", "_"),
        )
    return spec


def _mailbox(display: str, spec: str, room: int) -> str:
    if not display:
        return spec
    if _is_plain(display):
        return f"{display if _ATOMS(display) else quoted(display)} <{spec}>"
    return f"{' '.join(words(display, room))} <{spec}>"


def date(value: datetime) -> str:
    """Write the Date field (RFC 5322 section 3.3).

    Raises MessageInvalid for a time without a time zone.
    """
    global _latest
    if value is _latest[0]:
        return _latest[1]
    offset = value.utcoffset()
    if offset is None:
        raise MessageInvalid("The message's date has no time zone; use an aware datetime.", field="date")
    minutes = offset.days * 1440 + offset.seconds // 60 if offset else 0
    written = _date(value.toordinal(), value.hour, value.minute, value.second, minutes)
    _latest = (value, written)
    return written


_latest: tuple[object, str] = (None, "")  # a mailer gives all messages of one second the same object


@lru_cache(maxsize=64)
def _date(ordinal: int, hour: int, minute: int, second: int, offset: int) -> str:
    """Write a moment; remembered, since many messages are made in the same second."""
    from datetime import date

    said = date.fromordinal(ordinal).ctime()  # "Sun Nov  1 00:00:00 2026": English whatever the locale
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}{abs(offset) % 60:02}"
    day = said[8:10].replace(" ", "0")
    return f"Date: {said[:3]}, {day} {said[4:7]} {said[20:]} {hour:02}:{minute:02}:{second:02} {zone}\r\n"


def identifier(name: str, value: str) -> str:
    """Write a field of one message id."""
    return f"{name}: {value}\r\n" if len(name) + len(value) <= HARD - 2 else _too_long(name)


def tokens(name: str, values: Iterable[str], separator: str = "") -> str:
    """Write a field of things that can neither be broken nor encoded: message ids, URLs.

    Raises MessageInvalid when one of them is longer than any line.
    """
    chunks = [f" {value}{separator}" for value in values]
    chunks[-1] = chunks[-1].removesuffix(separator)
    if max(map(len, chunks)) + len(name) >= HARD:
        _too_long(name)
    return folded(f"{name}:", chunks)


def _too_long(name: str) -> NoReturn:
    raise MessageInvalid(
        f"{name} has an entry that is longer than a line of mail may be ({HARD} octets).",
        field=name.lower().replace("-", "_"),
    )


def block(fields: Sequence[str]) -> bytes:
    """Join complete fields; refuse the block if it could be read as anything but these fields.

    The last line of defence against header injection, whatever went wrong before it. Two counts
    suffice: besides CRLF pairs there is no control character, and there are as many lines that begin
    a field as there are fields. As each field has at least its own such line, none has a second one:
    the names in the block are exactly the names intended.
    """
    head = "".join(fields).encode()
    ends = head.translate(None, _VISIBLE)
    lines = len(ends) // 2
    sound = ends == b"\r\n" * lines
    if sound and lines != len(fields):
        sound = lines - head.count(b"\r\n ") == len(fields)
    if not sound:
        raise MessageInvalid(
            "The header would contain a line that is none of its fields; nothing was sent. "
            "This is a defect of mailbridge: please report it.",
            field="headers",
        )
    return head
