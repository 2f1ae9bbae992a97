"""`Address`: one mailbox, read by a strict grammar of its own.

What goes in comes out, or is refused: an addr-spec is never rewritten, cut or guessed at (so not by
`email.utils`, which on Python 3.11 takes `alice@example.org)bob@evil.com` for alice).

Accepted: an RFC 5321 dot-atom local part, also with letters of other scripts (RFC 6531), and a host
name in any script (IDNA 2008). Refused: groups, comments, routes, IP addresses, invisible characters,
encoded words, and local parts that need quotes for more than their dots, because relays and APIs
disagree about where `"x> NOTIFY=NEVER"@example.com` ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol, TypeAlias

from mailbridge.errors import MessageInvalid
from mailbridge.message.text import header_text, plain, shown
from mailbridge.message.value import Value

__all__ = ["Address", "AddressLike", "Addressable", "address", "addresses", "domain"]

NAME_LIMIT = 998  # characters, as the longest line of RFC 5322 2.1.1
_TEXT_LIMIT = 2 * NAME_LIMIT + 260  # every character of the name escaped, and the address

_ATEXT = r"-A-Za-z0-9!#$%&'*+/=^_`{|}~"  # without the question mark, which may belong to an encoded word
# What nearly every address is. Up to 64 characters it keeps to every length limit by itself; longer
# ones, question marks, double hyphens, numbers in the end and other scripts are for
# `mailbridge.message.addr_spec`.
_PLAIN = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*@[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*[A-Za-z]").fullmatch
_PHRASE = re.compile(r'"((?:[^"\\]|\\.)*)"|([^()<>\[\]:;@\\,"]*)').fullmatch
_WORD = r"[^\s()<>\[\]:;@\\,.\"]+"
_BARE_NAME = re.compile(rf"{_WORD}(?: {_WORD})*").fullmatch


class Address(Value):
    """One mailbox: an address and, if there is one, a display name.

    Args:
        addr_spec: `local@domain`; kept exactly as spelt.
        name: the display name as a person writes it, one line of any text.

    Addresses are equal when both arguments are. Raises MessageInvalid.

    >>> Address("Ann@Bücher.example", "Ann").wire
    'Ann@xn--bcher-kva.example'
    """

    addr_spec: str
    name: str = ""
    wire: str
    """As SMTP says it: the local part as spelt, the domain in A-labels and lower case."""
    key: str
    """What to compare by (recipients, suppressions, merge data): A-labels, lower case, NFC, no quotes.

    The local part is folded as well. RFC 5321 2.4 would allow Ann@ and ann@ to be two people; no
    provider does, and a suppression list that a capital letter gets past is none.
    """

    def __init__(self, addr_spec: str, name: str = "") -> None:
        fields = self.__dict__
        fields["addr_spec"] = addr_spec if type(addr_spec) is str else (addr_spec := plain(addr_spec, "address"))
        fields["wire"], fields["key"] = _read(addr_spec)
        if name:
            fields["name"] = header_text(name, "name", NAME_LIMIT)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `ann@example.org` or `Ann <ann@example.org>`; a name with punctuation stands in quotes.

        Raises MessageInvalid, also for several addresses in one string.

        >>> Address.parse('"Smith, Ann" <ann@example.org>').name
        'Smith, Ann'
        """
        return _parse(text if type(text) is str else plain(text, "address"))

    @classmethod
    def _fields(cls) -> tuple[str, ...]:
        return ("addr_spec", "name")

    @property
    def local(self) -> str:
        """The part before the @, as spelt."""
        return self.addr_spec.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """The part after the @, as spelt."""
        return self.addr_spec.rpartition("@")[2]

    @property
    def ascii_domain(self) -> str:
        """The domain in A-labels (IDNA 2008), lower case."""
        return self.wire.rpartition("@")[2]

    @property
    def needs_utf8(self) -> bool:
        """Whether it can only travel with SMTPUTF8, because of its local part (RFC 6531)."""
        return not self.wire.isascii()

    def __str__(self) -> str:
        """Return the form that people write; `parse` reads it back as an equal address."""
        name = self.name
        if not name:
            return self.addr_spec
        # What looks like an encoded word is quoted too, so that no mail program decodes it.
        if "=?" in name or not _BARE_NAME(name):
            name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return f"{name} <{self.addr_spec}>"

    def __repr__(self) -> str:
        return f"Address({self.addr_spec!r}, {self.name!r})" if self.name else f"Address({self.addr_spec!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return (Address, (self.addr_spec, self.name))


class Addressable(Protocol):
    """An object that knows its own mail address, such as a user model."""

    def __mail_address__(self) -> str | Address:
        """Return the address."""


AddressLike: TypeAlias = str | Address | tuple[str, str] | Addressable
"""A string that `Address.parse` reads, an Address, a pair (name, addr_spec), or an Addressable."""


def address(value: AddressLike, field: str) -> Address:
    """Return one AddressLike as an Address.

    Raises MessageInvalid naming `field`.
    """
    try:
        if isinstance(value, str):
            return _parse(value if type(value) is str else plain(value, field))
        if isinstance(value, Address):
            return value
        if isinstance(value, tuple) and len(value) == 2:
            return Address(value[1], value[0])
        if hasattr(value, "__mail_address__"):
            return address(value.__mail_address__(), field)
    except MessageInvalid as error:
        raise MessageInvalid(f"{field}: {error.text}", field=field) from None
    raise MessageInvalid(f"{field}: {type(value).__name__} is not an address.", field=field)


def addresses(value: AddressLike | Iterable[AddressLike], field: str) -> tuple[Address, ...]:
    """Return one AddressLike, or an iterable of them, as a tuple of Address.

    A tuple of two strings is one pair (name, addr_spec) when only the second has an @, or the first is empty.
    Raises MessageInvalid naming `field`.
    """
    if isinstance(value, list):
        return tuple([address(each, field) for each in value])
    if isinstance(value, str | Address) or hasattr(value, "__mail_address__") or _is_pair(value):
        return (address(value, field),)  # type: ignore[arg-type]
    if not hasattr(value, "__iter__") or hasattr(value, "decode"):  # bytes iterate too
        raise MessageInvalid(f"{field}: {type(value).__name__} is not an address.", field=field)
    return tuple([address(each, field) for each in value])


def domain(value: str, field: str) -> str:
    """Return the name of a domain in A-labels and lower case.

    Raises MessageInvalid naming `field`.

    >>> domain("Bücher.example", "field")
    'xn--bcher-kva.example'
    """
    try:
        return Address("x@" + plain(value, field)).ascii_domain
    except MessageInvalid:
        raise MessageInvalid(
            f"{field}: {shown(value)} is not the name of a domain such as example.com.", field=field
        ) from None


def _is_pair(value: object) -> bool:
    match value:
        case (str(name), str(spec)) if isinstance(value, tuple):
            return "@" not in name and "@" in spec
    return False


@lru_cache(maxsize=4096)
def _parse(text: str) -> Address:
    if len(text) <= 64 and _PLAIN(text):
        # The same as Address(text), without the calls: this is most of what making a message costs.
        plainly = object.__new__(Address)
        fields = plainly.__dict__
        fields["addr_spec"] = text
        fields["key"] = key = text.lower()
        fields["wire"] = text if key == text else _lower_domain(text)
        return plainly
    if len(text) > _TEXT_LIMIT:
        raise MessageInvalid(f"An address of {len(text)} characters is too long: {shown(text)}.")
    text = text.strip(" ")
    return _named(text) if text.endswith(">") else Address(text)


def _named(text: str) -> Address:
    """Read `phrase <addr-spec>`."""
    phrase, bracket, spec = text[:-1].rpartition("<")
    match = _PHRASE(phrase.strip(" "))
    if not bracket or not match:
        raise MessageInvalid(
            f"{shown(text)} is not one address; give several as a list, and put a name with punctuation in quotes."
        )
    quoted, bare = match.groups()
    return Address(spec, bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted))


def _read(spec: str) -> tuple[str, str]:
    """Return the wire form and the key of an addr-spec."""
    if len(spec) <= 64 and _PLAIN(spec):
        key = spec.lower()
        return (spec if key == spec else _lower_domain(spec)), key
    from mailbridge.message.addr_spec import read

    return read(spec)


def _lower_domain(spec: str) -> str:
    local, _, domain = spec.rpartition("@")
    return f"{local}@{domain.lower()}"
