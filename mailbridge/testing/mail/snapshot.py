"""A mail as text that is the same in every run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING

from mailbridge.message.template import Template
from mailbridge.testing.mail.contents import Parts, decoded, inside, octets, parsed, text

if TYPE_CHECKING:
    from mailbridge.testing.sent import SentMail

__all__ = ["snapshot"]

_STAND_INS = {"date": "<date>", "message-id": "<message-id>", "dkim-signature": "<signature>", "received": "<trace>"}
_UNREAD = frozenset({"mime-version", "content-transfer-encoding"})
"""How the octets were packed, of which nothing is left in what is shown."""
_BESIDE = (
    "tags", "metadata", "template", "merge_global", "merge_data", "merge_headers", "merge_metadata", "stream",
    "track_opens", "track_clicks", "provider_options", "require_tls",
)  # fmt: skip
"""What a message asks of the transport; no header says it."""
_BOUNDARY = re.compile(r"(?i)boundary=(?:\"[^\"]*\"|[^\s;]+)")
_FOLD = re.compile(r"\r?\n(?=[ \t])")


def snapshot(mail: SentMail) -> str:
    """Return the mail as text that is the same whenever the same is sent; ends in a line end."""
    return "\n".join((*_beside(mail), *_part(parsed(mail.raw), "1"))) + "\n"


def _beside(mail: SentMail) -> Iterator[str]:
    """Say what the bytes do not."""
    if mail.bcc:
        yield f"[bcc] {', '.join(map(str, mail.bcc))}"
    named = {each.key for each in (*mail.to, *mail.cc, *mail.bcc)}
    envelope = mail.envelope
    if named != {each.key for each in envelope.recipients}:
        yield f"[recipients] {', '.join(each.addr_spec for each in envelope.recipients)}"
    author = (mail.sender or mail.from_).key
    if envelope.sender is None or envelope.sender.key != author:
        yield f"[envelope sender] {envelope.sender.addr_spec if envelope.sender else '<>'}"
    for name in _BESIDE:
        if name in vars(mail.message):  # a message stores only what differs from its defaults
            yield f"[{name}] {_plain(getattr(mail, name))}"


def _plain(value: object) -> str:
    match value:
        case Template():
            return value.id if value.version is None else f"{value.id} (version {value.version})"
        case tuple():
            return ", ".join(map(str, value))
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _part(part: Parts, place: str) -> Iterator[str]:
    """Yield the lines of a part: its fields, an empty one, and what it says."""
    boundary = f"<boundary-{place}>"
    for name, value in part.raw_items():
        if name.lower() not in _UNREAD:
            said = _BOUNDARY.sub(f'boundary="{boundary}"', _unfolded(value))
            yield f"{name}: {_STAND_INS.get(name.lower(), said)}".rstrip()
    yield ""
    if parts := inside(part):
        for number, each in enumerate(parts, 1):
            yield f"--{boundary}"
            yield from _part(each, f"{place}.{number}")
        yield f"--{boundary}--"
    elif part.get_content_maintype() == "text":
        yield text(part).rstrip("\n")  # of the last line ends some belong to the packing
    else:
        content = octets(part)
        yield f"<{len(content)} bytes, SHA-256 {sha256(content).hexdigest()[:16]}>"


def _unfolded(value: object) -> str:
    said = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return decoded(_FOLD.sub("", said))
