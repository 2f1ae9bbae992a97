"""Addresses in the forms that APIs write them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from email.header import decode_header, make_header
from typing import Any

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address

__all__ = ["ascii_only", "decoded_words", "mailbox", "mailboxes", "person"]


def person(said: Mapping[str, Any], address: str = "email", name: str = "name") -> Address:
    """Return the address of an object such as `{"email": "ann@example.org", "name": "Ann"}`."""
    return Address(said[address], said.get(name) or "")


def mailbox(text: str) -> Address:
    """Read `ann@example.org`, `Ann <ann@example.org>` or `"Smith, Ann" <ann@example.org>`."""
    return Address.parse(text)


def mailboxes(said: str | Iterable[str]) -> list[Address]:
    """Read several: a list of them, or one text with commas, where those in quotes do not count."""
    return [mailbox(each.strip()) for each in (_split(said) if isinstance(said, str) else said) if each.strip()]


def _split(text: str) -> list[str]:
    found, start, quoted, escaped = [], 0, False, False
    for place, character in enumerate(text):
        if character == "," and not quoted:
            found.append(text[start:place])
            start = place + 1
        quoted ^= character == '"' and not escaped
        escaped = character == "\\" and not escaped
    return [*found, text[start:]]


def decoded_words(text: str) -> str:
    """Decode the encoded words of RFC 2047 in a text, if it has any."""
    return str(make_header(decode_header(text))) if "=?" in text else text


def ascii_only(text: str, field: str) -> str:
    """Return a text that the provider takes in ASCII only. Raises MessageInvalid for another."""
    if not text.isascii():
        raise MessageInvalid(f"{field}: {text!r} has to be encoded, the API takes ASCII only.", field=field)
    return text
