"""Lists of mailboxes as they stand in headers: RFC 5322 section 3.4, with comments and groups.

This reads what other programs wrote, so it understands more than `Address.parse`. What it takes for
an address is checked by the same strict grammar.
"""

from __future__ import annotations

import re

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address
from mailbridge.message.parse import words
from mailbridge.message.parse.loss import Loss
from mailbridge.message.text import shown

_TOKEN = re.compile(r'[ \t]+|"(?:[^"\\]|\\.)*"|\[(?:[^\[\]\\]|\\.)*\]|[^\s"()\[\]<>,;:@\\]+|[<>,;:@]')
_COMMENT = re.compile(r"[^()\\]+|\\.|[()]")


def mailboxes(value: str, field: str) -> tuple[list[Address], bool]:
    """Return the mailboxes in an unfolded header, and whether anything else was to be read in it.

    Groups, comments and names that cannot be decoded are something else. Raises MessageInvalid naming
    `field`.
    """
    try:
        tokens, lost = _tokens(value)
        found: list[Address] = []
        for mailbox in _mailboxes(tokens):
            address, undecoded = _mailbox(mailbox)
            found.append(address)
            lost = lost or undecoded
    except MessageInvalid as error:
        raise MessageInvalid(f"{field}: {error.text}", field=field) from None
    return found, lost or ":" in tokens or ";" in tokens


def _tokens(value: str) -> tuple[list[str], bool]:
    """Split into words and specials, and say whether there were comments; each becomes a space."""
    tokens: list[str] = []
    commented, position = False, 0
    while position < len(value):
        if value[position] == "(":
            position, commented = _after_comment(value, position), True
            tokens.append(" ")
        elif token := _TOKEN.match(value, position):
            position = token.end()
            tokens.append(token[0])
        else:
            raise MessageInvalid(f"{shown(value[position:])} is not part of an address.")
    return tokens, commented


def _after_comment(value: str, position: int) -> int:
    depth = 0
    while token := _COMMENT.match(value, position):
        position = token.end()
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0:
            return position
    raise MessageInvalid(f"{shown(value)} lacks a closing parenthesis.")


def _mailboxes(tokens: list[str]) -> list[list[str]]:
    """Cut at the commas, and at what opens and closes a group."""
    found: list[list[str]] = [[]]
    angle = False
    for piece in tokens:
        if angle or piece not in (",", ";", ":"):
            found[-1].append(piece)
            angle = piece == "<" or (angle and piece != ">")
        elif piece == ":":  # what came before it is the name of a group
            found[-1] = []
        else:
            found.append([])
    return [each for each in found if any(token.strip(" \t") for token in each)]


def _mailbox(tokens: list[str]) -> tuple[Address, bool]:
    """Read `phrase <addr-spec>` or `addr-spec`, and say whether the phrase could not be decoded."""
    words_only = [token for token in tokens if token.strip(" \t")]
    if "<" not in words_only:
        return Address("".join(words_only)), False
    if words_only[-1] != ">":
        raise MessageInvalid(f"{shown(''.join(tokens))} is not one address.")
    spec = "".join(words_only[words_only.index("<") + 1 : -1])
    phrase = tokens[: tokens.index("<")]
    try:
        return Address(spec, _phrase(phrase)), False
    except Loss:
        return Address(spec, "".join(phrase).strip(" \t")), True


def _phrase(tokens: list[str]) -> str:
    """Join the words of a display name; only unquoted ones can be encoded (RFC 2047 section 5)."""
    said: list[str] = []
    plain = ""
    for token in tokens:
        if token[0] == '"':
            said += (words.text(plain), re.sub(r"\\(.)", r"\1", token[1:-1]))
            plain = ""
        else:
            plain += token if token.strip(" \t") else " "
    return "".join((*said, words.text(plain))).strip(" ")
