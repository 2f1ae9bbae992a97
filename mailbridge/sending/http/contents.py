"""The parts of a message in the shapes that APIs want: files in base64, fields as headers, addresses as text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Iterable

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address
from mailbridge.message.attachment import Attachment
from mailbridge.message.message import Message
from mailbridge.message.mime.words import words

PRIORITY = {"high": ("1 (Highest)", "high"), "low": ("5 (Lowest)", "low")}
_HEADER_FIELDS = frozenset({
    "message_id", "in_reply_to", "references", "list_unsubscribe", "list_unsubscribe_post", "priority", "headers",
})  # fmt: skip


_MESSAGE_ID = frozenset({"message_id"})

_STRUCTURED = frozenset({"message-id", "in-reply-to", "references", "list-unsubscribe", "list-unsubscribe-post"})
"""Headers in which an encoded word is none (RFC 2047 section 5), so that `=?` in a link means itself."""


def base64_of(file: Attachment) -> str:
    """Return the content of a file in base64, in one line: some APIs refuse line breaks."""
    return b64encode(file.content).decode()


def alternatives(message: Message) -> list[tuple[str, str | bytes]]:
    """Return every form of the body as (content type, content), from the plainest to the richest.

    The order is that of MIME (RFC 2046 section 5.1.4): text, AMP, HTML, others, calendar. Forms that
    are empty are left out.
    """
    forms: list[tuple[str, str | bytes]] = []
    if message.text:
        forms.append(("text/plain", message.text))
    if message.amp:
        forms.append(("text/x-amp-html", message.amp))
    if message.html:
        forms.append(("text/html", message.html))
    forms += [(form.content_type, form.content) for form in message.alternatives]
    if message.calendar:
        forms.append((f"text/calendar; method={message.method or 'REQUEST'}", message.calendar))
    return forms


def header_pairs(message: Message, *, without: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return the message's further headers, and those that its fields stand for, as (name, text) pairs.

    These are Message-ID, In-Reply-To, References, List-Unsubscribe, List-Unsubscribe-Post, and the two of
    the priority. Not Date: providers write the time of sending. Text is as a person reads it, for the API
    encodes it.

    Args:
        without: names (lower case) that the API writes itself or takes elsewhere.
    """
    used = _HEADER_FIELDS & message.__dict__.keys()
    if not used:
        return []
    if used == _MESSAGE_ID:  # what nearly every message has; a batch has thousands
        return [("Message-ID", message.message_id)] if message.message_id and "message-id" not in without else []
    pairs: list[tuple[str, str]] = []
    if message.message_id:
        pairs.append(("Message-ID", message.message_id))
    if message.in_reply_to:
        pairs.append(("In-Reply-To", message.in_reply_to))
    if message.references:
        pairs.append(("References", " ".join(message.references)))
    if message.list_unsubscribe:
        pairs.append(("List-Unsubscribe", ", ".join(f"<{link}>" for link in message.list_unsubscribe)))
    if message.list_unsubscribe_post:
        pairs.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    if message.priority in PRIORITY:
        said = {name.lower() for name, _ in message.headers}
        number, word = PRIORITY[message.priority]
        pairs += [pair for pair in (("X-Priority", number), ("Importance", word)) if pair[0].lower() not in said]
    # Of headers that a merge gave one recipient, the later one counts: "list-unsubscribe" for him alone.
    own = {name.lower() for name, _ in message.headers}
    pairs = [pair for pair in pairs if pair[0].lower() not in own]
    pairs += message.headers
    return [pair for pair in pairs if pair[0].lower() not in without] if without else pairs


def header_map(message: Message, *, without: Collection[str] = ()) -> dict[str, str]:
    """Return `header_pairs` as an object by name, for APIs that have no other form.

    Raises MessageInvalid for a header that stands there twice: the second would take the first one's place.
    """
    found: dict[str, str] = {}
    known: set[str] = set()
    for name, text in header_pairs(message, without=without):
        if name.lower() in known:
            raise MessageInvalid(f"headers: {name} stands there twice, and this API takes each once.", field="headers")
        known.add(name.lower())
        found[name] = text
    return found


def distinct(message: Message) -> dict[str, list[Address]]:
    """Return the recipients by field (`to`, `cc`, `bcc`; empty ones left out), everybody where he stands first.

    For APIs that refuse an address that stands there twice, or send to it twice.
    """
    if len(message.to) == 1 and not message.cc and not message.bcc:
        return {"to": [*message.to]}
    known: set[str] = set()
    found: dict[str, list[Address]] = {}
    for field in ("to", "cc", "bcc"):
        for each in getattr(message, field):
            if each.key not in known:
                known.add(each.key)
                found.setdefault(field, []).append(each)
    return found


def text_of(value: object) -> str:
    """Return a value of metadata or merge data as text, for APIs that know nothing else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def wire_form(address: Address) -> str:
    """Return `"Name" <local@domain>` with the domain in A-labels, as APIs take it in one string.

    The name is always in quotes, so that no punctuation in it is taken for grammar (RFC 5322 3.2.4).
    """
    if not address.name:
        return address.wire
    name = address.name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}" <{address.wire}>'


def wire_forms(addresses: Iterable[Address]) -> str:
    """Return addresses in one string, separated by commas."""
    return ", ".join(map(wire_form, addresses))


def encoded_text(text: str, *, always: bool = False) -> str:
    """Return text for a header, for APIs that take ASCII only: in encoded words (RFC 2047) where it must be.

    `always` encodes plain text too, for APIs that stumble over some of its characters.
    """
    if not always and text.isascii() and text.isprintable() and "=?" not in text:
        return text
    return " ".join(words(text))


def encoded_header(name: str, text: str) -> str:
    """Return the text of a header, for APIs that take ASCII only; ids and links are never encoded."""
    return text if name.lower() in _STRUCTURED else encoded_text(text)


def encoded_form(address: Address) -> str:
    """Return a mailbox in one string, for APIs that take ASCII only: the name in encoded words where it must be."""
    name = encoded_text(address.name)
    return wire_form(address) if name == address.name else f"{name} <{address.wire}>"
