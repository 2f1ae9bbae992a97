"""A message as a person wants to read it: headers decoded, the text, the other parts listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailbridge.extend import Address, Envelope, Message

RULE = "-" * 72
_CONTROL = (
    "tags", "metadata", "priority", "send_at", "via", "stream", "template", "merge_global", "merge_data",
    "merge_headers", "merge_metadata", "track_opens", "track_clicks", "idempotency_key", "require_tls",
    "provider_options",
)  # fmt: skip


def readable(message: Message, envelope: Envelope) -> str:
    """Return the message as text, Bcc and envelope included, for they are part of what was asked for."""
    headers = [f"{name + ':':<12} {value}" for name, value in _headers(message, envelope)]
    parts = [f"  {part}" for part in _parts(message)]
    return "\n".join([*headers, "", *_body(message), *(["", "Also in it:", *parts] if parts else [])])


def _headers(message: Message, envelope: Envelope) -> Iterator[tuple[str, object]]:
    yield "From", _list(message.from_all)
    if message.sender:
        yield "Sender", message.sender
    for name, people in (("To", message.to), ("Cc", message.cc), ("Bcc", message.bcc), ("Reply-To", message.reply_to)):
        if people:
            yield name, _list(people)
    yield "Subject", message.subject
    if message.date:
        yield "Date", f"{message.date:%Y-%m-%d %H:%M:%S %z}"
    yield "Message-ID", message.message_id
    yield from message.headers
    for name in _CONTROL:
        if value := getattr(message, name):
            yield name, value
    sender = envelope.sender.addr_spec if envelope.sender else "<>"
    yield "Envelope", f"{sender} -> {', '.join(each.addr_spec for each in envelope.recipients)}"


def _list(people: Iterable[Address]) -> str:
    return ", ".join(map(str, people))


def _body(message: Message) -> list[str]:
    if message.raw is not None:
        return message.raw.decode(errors="replace").splitlines()
    body = message.text if message.text is not None else message.html
    return ["(no text)"] if body is None else body.splitlines()


def _parts(message: Message) -> Iterator[str]:
    """Name what accompanies the body that is shown."""
    forms: list[tuple[str, str | bytes | None]] = [
        ("text/html", message.html if message.text is not None else None),
        ("text/x-amp-html", message.amp),
        ("text/calendar", message.calendar),
        *((each.mime_type, each.content) for each in message.alternatives),
    ]
    for kind, content in forms:
        if content is not None:
            yield f"{kind}, {_size(content)}"
    for each in message.attachments:
        name = each.filename or each.content_id or "(unnamed)"
        yield f"{name} ({each.mime_type}, {_size(each.content)}{', inline' if each.inline else ''})"


def _size(content: str | bytes) -> str:
    number = len(content.encode() if isinstance(content, str) else content)
    return f"{number:,} byte{'' if number == 1 else 's'}"
