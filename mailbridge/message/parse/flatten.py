"""An `email.message` object to octets, without what CPython's serialiser may make of it.

Up to 3.12.1 it decodes the words in a header and writes what they said (CVE-2024-6923): the subject
`=?utf-8?b?eA0KQmNjOiBlQHg=?=` becomes a Bcc. Folding long address lists, it encodes their commas
(CVE-2025-1795). So values are checked before, header names compared after, and lines folded here.
"""

from __future__ import annotations

import re
from email.errors import MessageError
from email.message import Message as Parsed
from email.parser import BytesParser
from email.policy import Compat32, EmailPolicy, Policy, compat32
from typing import Any

from mailbridge.errors import MessageInvalid

_BREAKS_OUT = re.compile(r"[\r\n](?![ \t\n])|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]").search
_HEAD = re.compile(rb"\A(?:[^\r\n]+\r\n)*")
_UNDECODED = re.compile(r"[\ud800-\udfff]").search
_LONG = re.compile(rb"[^\r\n]{900,}")
# What the serialiser has been seen to raise for objects that are filled oddly.
_UNREADY = (AssertionError, AttributeError, LookupError, MessageError, RecursionError, TypeError, ValueError)


class _AsWritten(Compat32):
    """The old policy, which would encode `Zoë <zoe@example.org>` as one word, without doing so."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if isinstance(value, str) and not value.isascii() and not _UNDECODED(value):
            return f"{name}: {value}{self.linesep}".encode()
        return super().fold_binary(name, value)


def flattened(message: Parsed[Any, Any], *, utf8: bool) -> bytes:
    """Return the message with CRLF line ends; non-ASCII headers as they are if `utf8`, else encoded.

    Raises MessageInvalid when it cannot be serialised, or not without gaining or losing a header.
    """
    try:
        for part in message.walk():
            for name, value in part.items():
                if _BREAKS_OUT(str(value)):
                    raise MessageInvalid(f"The header {name[:80]} contains a control character.", field="raw")
        raw = message.as_bytes(policy=_policy(message, utf8))
        same = _same(message, BytesParser(policy=compat32).parsebytes(raw))
    except MessageInvalid:
        raise
    except _UNREADY as error:
        raise MessageInvalid(f"Python cannot serialise this message: {error}.", field="raw") from error
    if not same:
        raise MessageInvalid("Serialised by Python, this message would have other headers than it has.", field="raw")
    return _HEAD.sub(lambda head: _LONG.sub(_folded, head[0]), raw, count=1)


def _policy(message: Parsed[Any, Any], utf8: bool) -> Policy[Any]:
    options: dict[str, Any] = {"linesep": "\r\n", "max_line_length": 0}
    if utf8 and isinstance(message.policy, EmailPolicy):
        return message.policy.clone(**options, utf8=True)
    return (_AsWritten() if utf8 else message.policy).clone(**options)


def _same(intended: Parsed[Any, Any], written: Parsed[Any, Any]) -> bool:
    """Compare the header names of a message and its parts; an encoding the serialiser chose may be new."""
    chosen = "content-transfer-encoding"
    wanted, got = (sorted(name.lower() for name in each.keys()) for each in (intended, written))
    if [name for name in wanted if name != chosen] != [name for name in got if name != chosen]:
        return False
    parts, found = intended.get_payload(), written.get_payload()
    if not isinstance(parts, list):
        return True
    return isinstance(found, list) and len(parts) == len(found) and all(map(_same, parts, found))


def _folded(line: re.Match[bytes]) -> bytes:
    """Break an overlong header line before some of its spaces (RFC 5322 2.2.3)."""
    said: list[bytes] = []
    length = 0
    for word in line[0].split(b" "):
        if said and word and length + len(word) > 76:
            said.append(b"\r\n")
            length = 0
        said.append(word if not said else b" " + word)
        length += len(word) + 1
    return b"".join(said)
