"""Messages that others made: from bytes, and from the objects of the standard library.

Where nothing is lost by it, a message is taken apart: it becomes a `Message` with text, HTML,
attachments and so on, which every transport can send. Otherwise it is kept as `raw` bytes, which only
some can. Nothing is lost when

- every header is one that `Message` has a field for and occurs once, or is one that a caller may set;
- addresses are plain lists, without groups and comments; dates, ids and URLs have their usual form;
- the parts are a body (text, AMP, HTML, other forms and a calendar, from plain to rich; files shown in
  the HTML related to it), then files;
- each text is in its charset and has no other parameter (`format=flowed`), each octet in its encoding;
- no part has headers beyond type, encoding, disposition and id; and no signature or trace (DKIM, ARC,
  Received, `multipart/signed`) depends on the bytes.

What is not counted as lost: the order and folding of headers, boundaries, the choice of charset and of
transfer encoding, and text outside all parts, which no reader shows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address
from mailbridge.message.envelope import Envelope
from mailbridge.message.message import Message
from mailbridge.message.parse import header, words
from mailbridge.message.parse.body import Body
from mailbridge.message.parse.header import Field
from mailbridge.message.parse.loss import Loss
from mailbridge.message.parse.mailboxes import mailboxes
from mailbridge.message.parse.part import Part
from mailbridge.message.reading import READERS
from mailbridge.message.text import octets

if TYPE_CHECKING:
    from email.message import Message as Parsed

__all__ = ["from_bytes", "from_email"]


def from_bytes(raw: bytes, *, envelope: Envelope | None = None, keep_raw: bool = False) -> Message:
    """Read a rendered message, an .eml file for instance.

    Bcc recipients become `bcc` and leave the bytes. Without an `envelope`, that of the headers holds.
    With `keep_raw` the bytes are always kept. Raises MessageInvalid for what is no message, or has no
    author or recipient that mail can be sent to.

    >>> from_bytes(b"From: app@example.com\\nTo: ann@example.org\\n\\nHello\\n").text
    'Hello\\n'
    """
    raw = _without_wrapping(octets(raw, "raw"))
    fields, _ = header.split(raw)
    if not keep_raw:
        try:
            return Message(**header.said(fields), **Body(Part(raw, root=True)).arguments, envelope=envelope)
        except (Loss, MessageInvalid) as reason:
            logging.getLogger("mailbridge.message").debug("a message is kept as bytes because of %s", reason)
    return Message(**_kept(fields, envelope), raw=raw, envelope=envelope)


def from_email(message: Parsed[Any, Any], *, envelope: Envelope | None = None, keep_raw: bool = False) -> Message:
    """Read an `email.message.EmailMessage`, or any other `email.message.Message`, as `from_bytes` does.

    Raises MessageInvalid also when Python could not serialise it faithfully.
    """
    from mailbridge.message.parse.flatten import flattened

    if not keep_raw:
        found = from_bytes(flattened(message, utf8=True), envelope=envelope)
        if found.raw is None:
            return found
    return from_bytes(flattened(message, utf8=False), envelope=envelope, keep_raw=True)


def _without_wrapping(raw: bytes) -> bytes:
    """Leave out what programs put before a stored message: a byte order mark, the From line of an mbox."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    return raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw


def _kept(fields: list[Field], envelope: Envelope | None) -> dict[str, Any]:
    """Return what can be said of a message beside its bytes: who, and what identifies it."""
    known: dict[str, list[str]] = {}
    for name, value in fields:
        known.setdefault(name.lower(), []).append(value)
    people = {name: _people(known.get(name, []), name, envelope) for name in ("from", "sender", "to", "cc", "bcc")}
    authors = people.pop("from") or ([envelope.sender] if envelope and envelope.sender else [])
    if not authors:
        raise MessageInvalid("The message has no From with an address that mail can be sent from.", field="from_")
    said: dict[str, Any] = {**people, "from_": authors[0], "sender": next(iter(people["sender"]), None)}
    for name, (field, read) in _IDENTITY.items():
        if name in known:
            said[field] = _tried(read, known[name][0], field)
    return said


def _people(values: list[str], name: str, envelope: Envelope | None) -> list[Address]:
    """Read the mailboxes of a header; with an envelope of its own, a message may say there what it likes."""
    try:
        return [each for value in values for each in mailboxes(value, "from_" if name == "from" else name)[0]]
    except MessageInvalid:
        if envelope is None:
            raise
        return []


def _tried(read: Callable[[str, str], Any], value: str, field: str) -> Any:
    """Read what only describes a message that is kept; if it is odd, the bytes still have it."""
    try:
        return READERS[field](read(value, field), field)
    except (Loss, MessageInvalid):
        return None


_IDENTITY: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "subject": ("subject", lambda value, field: words.text(value)),
    "date": ("date", header.moment),
    "message-id": ("message_id", lambda value, field: value),
}
