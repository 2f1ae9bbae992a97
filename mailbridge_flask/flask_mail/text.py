"""Text as it stands in headers: what Flask-Mail offers to do by hand. A Message needs none of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.header import Header
from typing import Any

from mailbridge import Address
from mailbridge_flask.flask_mail.addresses import Named, one

_FOLD = re.compile(r"\r\n[ \t]+(?=\S)")
_BREAK = re.compile(r"[\r\n]").search


class FlaskMailUnicodeDecodeError(UnicodeDecodeError):
    """Says which object could not be decoded."""

    def __init__(self, obj: Any, *args: Any) -> None:
        self.obj = obj
        super().__init__(*args)

    def __str__(self) -> str:
        return f"{super().__str__()} (in a {type(self.obj).__name__})"


def force_text(s: Any, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Return bytes decoded, anything else as `str` has it. Raises FlaskMailUnicodeDecodeError.

    >>> force_text(b"Gr\\xc3\\xbc\\xc3\\x9fe")
    'Grüße'
    """
    if not isinstance(s, bytes):
        return str(s)
    try:
        return s.decode(encoding, errors)
    except UnicodeDecodeError as error:
        raise FlaskMailUnicodeDecodeError(s, *error.args) from None


def sanitize_subject(subject: str, encoding: str = "utf-8") -> str:
    """Return a subject in ASCII, encoded words where they are needed.

    >>> sanitize_subject("Grüße")
    '=?utf-8?b?R3LDvMOfZQ==?='
    """
    return _encoded(str(subject), encoding)


def sanitize_address(addr: Named, encoding: str = "utf-8") -> str:
    """Return an address, or a pair of name and address, as a header has it. Raises MessageInvalid.

    >>> sanitize_address(("Jörg", "joerg@bücher.example"))
    '=?utf-8?b?SsO2cmc=?= <joerg@xn--bcher-kva.example>'
    """
    found = one(addr, "address")
    if found.name.isascii():
        return str(Address(found.wire, found.name))
    return f"{_encoded(found.name, encoding)} <{found.wire}>"


def sanitize_addresses(addresses: Iterable[Named], encoding: str = "utf-8") -> list[str]:
    """Return each address as a header has it. Raises MessageInvalid."""
    return [sanitize_address(each, encoding) for each in addresses]


def unfolded(value: Any) -> str:
    """Return a header on one line; only a correct fold is one (a line break by CRLF, then space, then text)."""
    return _FOLD.sub(" ", str(value))


def breaks(value: Any) -> bool:
    """Say whether a header has a line break in it, by which further headers could be added."""
    return _BREAK(str(value)) is not None


def _encoded(text: str, encoding: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        encoding = "utf-8"
    return Header(text, encoding, maxlinelen=None).encode()
