"""Addresses as Flask-Mail's messages have them, read as Addresses.

Flask-Mail takes pairs and strings, and in strings names that ought to stand in quotes, as it writes them
itself (`Smith, Ann <ann@example.org>`). A name may also come in encoded words, as `email.utils.formataddr`
writes it.
"""

from __future__ import annotations

from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Any

from mailbridge import Address, MessageInvalid

Named = str | tuple[str, str]
"""An address, or a pair of name and address."""


def one(value: Any, field: str) -> Address:
    """Return one mailbox. Raises MessageInvalid naming `field`.

    >>> one("Smith, Ann <ann@example.org>", "to")
    Address('ann@example.org', 'Smith, Ann')
    """
    try:
        if isinstance(value, Address):
            return value
        if isinstance(value, (tuple, list)) and len(value) == 2:
            name, spec = value
            return Address(str(spec), str(name or ""))
        return _parsed(str(value).strip())
    except MessageInvalid as error:
        raise MessageInvalid(f"{field}: {error.text}", field=field) from None


def each(values: Any, field: str) -> tuple[Address, ...]:
    """Return every mailbox of a list; a string is one, not its letters."""
    if isinstance(values, (str, Address)):
        values = [values]
    return tuple([one(value, field) for value in values or ()])


def several(value: Any, field: str) -> tuple[Address, ...]:
    """Return the mailboxes of a whole header: a list, a pair, or text that may have commas between them."""
    if isinstance(value, str):
        try:
            return (one(value, field),)
        except MessageInvalid:
            return each(value.split(","), field)
    return (one(value, field),) if _is_pair(value) else each(value, field)


def shown(value: Any) -> str | None:
    """Return a sender as `Message.sender` shows it: one string, whatever was given."""
    match value:
        case [name, spec]:
            try:
                return str(Address(spec, name or ""))
            except MessageInvalid:
                return f"{name} <{spec}>"  # refused, by its name, when the message is sent
    return value or None


def _parsed(text: str) -> Address:
    if "=?" not in text:
        try:
            return Address.parse(text)
        except MessageInvalid:
            if not text.endswith(">") or text.count("@") != 1:
                raise
    name, _, spec = text.removesuffix(">").rpartition("<")
    return Address(spec, _decoded(name.strip().strip('"')))


def _decoded(name: str) -> str:
    if "=?" not in name:
        return name
    try:
        return str(make_header(decode_header(name)))
    except (HeaderParseError, LookupError, UnicodeError):
        return name  # nothing that could be decoded: text like any other


def _is_pair(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2 and "@" not in str(value[0] or "")
