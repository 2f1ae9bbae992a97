"""What a request says otherwise than its message."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from mailbridge.message.address import Address
from mailbridge.message.attachment import Attachment
from mailbridge.message.media_type import media_type
from mailbridge.message.message import Message
from mailbridge.testing.contract.decoded import Decoded, DecodedFile

__all__ = ["differences"]

Difference = tuple[str, str]
"""The place, such as `to.name`, and a sentence."""

_PRIORITIES = {"1": "high", "2": "high", "high": "high", "urgent": "high", "4": "low", "5": "low", "low": "low"}
_HEADERS_OF_FIELDS = frozenset({
    "message-id", "date", "in-reply-to", "references", "list-unsubscribe", "list-unsubscribe-post", "x-priority",
    "importance", "priority", "x-msmail-priority",
})  # fmt: skip


def differences(message: Message, decoded: Decoded, features: Collection[str]) -> list[Difference]:
    """Return what of `message` its request lacks, changes or invents, as (place, sentence).

    Args:
        message: as it was sent: private copies one by one.
        features: those of the transport; what it does not promise (a Message-ID of ours, say) is not asked for.
    """
    said: list[Difference] = []
    for compare in _RAW if message.raw is not None else _RENDERED:
        said += compare(message, decoded, features)
    return said


def _differ(place: str, wanted: Any, found: Any) -> Iterator[Difference]:
    if wanted != found:
        yield place, f"{place}: {_short(found)} instead of {_short(wanted)}"


def _short(value: object) -> str:
    shown = ascii(value)
    return shown if len(shown) <= 160 else f"{shown[:100]}…{shown[-50:]} ({len(shown)} characters)"


# --- addresses


def _mailboxes(place: str, wanted: Iterable[Address], found: Iterable[Address]) -> Iterator[Difference]:
    wanted, found = list(wanted), list(found)
    yield from _differ(place, [each.wire for each in wanted], [each.wire for each in found])
    yield from _differ(f"{place}.domain", [], [each.domain for each in found if not each.domain.isascii()])
    if len(wanted) == len(found):
        yield from _differ(f"{place}.name", [each.name for each in wanted], [each.name for each in found])


def _authors(message: Message, decoded: Decoded, features: Collection[str]) -> Iterator[Difference]:
    yield from _mailboxes("from_", message.from_all, decoded.from_)
    yield from _mailboxes("reply_to", message.reply_to, decoded.reply_to)
    yield from _mailboxes("sender", _one(message.sender), _one(decoded.sender))


def _one(address: Address | None) -> Sequence[Address]:
    return () if address is None else (address,)


def _recipients(message: Message, decoded: Decoded, features: Collection[str]) -> Iterator[Difference]:
    """Compare the visible recipients, each where he stands first: services refuse or merge repetitions."""
    wanted, found = _distinct(message), _distinct(decoded)
    for field in ("to", "cc", "bcc"):
        yield from _mailboxes(field, wanted[field], found[field])


def _distinct(message: Message | Decoded) -> dict[str, list[Address]]:
    known: set[str] = set()
    fields: dict[str, list[Address]] = {"to": [], "cc": [], "bcc": []}
    for field, kept in fields.items():
        for each in getattr(message, field):
            if each.key not in known:
                known.add(each.key)
                kept.append(each)
    return fields


def _envelope(message: Message, decoded: Decoded, features: Collection[str]) -> Iterator[Difference]:
    envelope = message.envelope
    if decoded.recipients is not None or "envelope" in message.features:
        found = [each.key for each in decoded.recipients or ()]
        yield from _differ("recipients", sorted(each.key for each in envelope.recipients), sorted(set(found)))
    sender = "" if envelope.sender is None else envelope.sender.wire
    asked = bool(message.features & {"envelope", "envelope_sender"})
    if asked or decoded.envelope_sender is not None:
        yield from _differ("envelope_sender", sender, decoded.envelope_sender)
    asked_dsn = (envelope.notify, envelope.ret, envelope.envid) if envelope.asks_dsn else None
    found_dsn = None if decoded.dsn is None else (tuple(decoded.dsn[0]), *decoded.dsn[1:])
    yield from _differ("dsn", asked_dsn, found_dsn)
    yield from _differ("require_tls", message.require_tls, decoded.require_tls)


# --- content


def _texts(message: Message, decoded: Decoded, features: Collection[str]) -> Iterator[Difference]:
    yield from _differ("subject", message.subject, decoded.subject)
    yield from _differ("text", _lines(message.text or ""), _lines(decoded.text))
    yield from _differ("html", _lines(message.html or ""), _lines(decoded.html))


def _forms(message: Message, decoded: Decoded, features: Collection[str]) -> Iterator[Difference]:
    wanted: list[tuple[str, str | bytes]] = [(each.content_type, each.content) for each in message.alternatives]
    if message.amp:
        wanted.append(("text/x-amp-html", message.amp))
    if message.calendar:
        wanted.append((f"text/calendar; method={message.method}", message.calendar))
    yield from _differ("alternatives", _comparable(wanted), _comparable(decoded.alternatives))


def _comparable(forms: Iterable[tuple[str, str | bytes]]) -> list[tuple[Any, ...]]:
    made = []
    for content_type, content in forms:
        kind, parameters = _media_type(content_type)
        parameters.pop("charset", None)
        octets = content.encode() if isinstance(content, str) else content
        made.append((kind, sorted(parameters.items()), octets.replace(b"\r\n", b"\n")))
    return sorted(made)


def _media_type(text: str) -> tuple[str, dict[str, str]]:
    return media_type(text, "content_type") if text else ("", {})


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _files(message: Message, decoded: Decoded, features: Collection[str]) -> Iterator[Difference]:
    for place, inline in (("attachments", False), ("inline", True)):
        wanted = [each for each in message.attachments if each.inline is inline]
        found = [each for each in decoded.attachments if each.inline is inline]
        yield from _differ(f"{place}.count", len(wanted), len(found))
        for pair in zip(wanted, found, strict=False):
            yield from _file(place, *pair)


def _file(place: str, wanted: Attachment, found: DecodedFile) -> Iterator[Difference]:
    kind, parameters = _media_type(wanted.content_type)
    found_kind, found_parameters = _media_type(found.content_type)
    found_parameters.pop("name", None)
    yield from _differ(f"{place}.content", wanted.content, found.content)
    yield from _differ(f"{place}.content_type", kind, found_kind)
    yield from _differ(f"{place}.parameters", parameters, found_parameters)
    yield from _differ(f"{place}.content_id", wanted.content_id or "", found.content_id)
    if wanted.filename is not None:  # some services want a name; any will do
        yield from _differ(f"{place}.name", wanted.filename, found.name)


def _raw(message: Message, decoded: Decoded, features: Collection[str]) -> Iterator[Difference]:
    wanted = (message.raw or b"").replace(b"\r\n", b"\n")
    yield from _differ("raw", wanted, (decoded.raw or b"").replace(b"\r\n", b"\n"))


# --- headers


def _headers(message: Message, decoded: Decoded, features: Collection[str]) -> Iterator[Difference]:
    own = dict(_by_name(message.headers))
    found = dict(_by_name(decoded.headers))
    rest = found.keys() | own.keys()
    for name in sorted(rest - _HEADERS_OF_FIELDS):
        yield from _differ(f"headers.{name}", own.get(name, []), found.get(name, []))
    for name, wanted in _of_fields(message, features).items():
        yield from _differ(name, own.get(name.replace("_", "-"), wanted), found.get(name.replace("_", "-"), []))
    yield from _differ("priority", _priority(own) or _urgency(message), _priority(found))
    if "date" in features and message.date is not None:
        yield from _differ("date", [_second(message.date)], [_second(_date(each)) for each in found.get("date", ())])


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None


def _by_name(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, text in headers:
        grouped.setdefault(name.lower(), []).append(" ".join(text.split()))
    return grouped


def _of_fields(message: Message, features: Collection[str]) -> dict[str, list[str]]:
    """Return the headers that fields stand for; a header of the caller's own goes before."""
    wanted = {
        "in_reply_to": [message.in_reply_to] if message.in_reply_to else [],
        "references": [" ".join(message.references)] if message.references else [],
        "list_unsubscribe": _links(message),
        "list_unsubscribe_post": ["List-Unsubscribe=One-Click"] if message.list_unsubscribe_post else [],
    }
    if "message_id" in features and message.message_id:
        wanted["message_id"] = [message.message_id]
    return wanted


def _links(message: Message) -> list[str]:
    return [", ".join(f"<{link}>" for link in message.list_unsubscribe)] if message.list_unsubscribe else []


def _urgency(message: Message) -> str | None:
    return message.priority if message.priority in ("high", "low") else None


def _priority(headers: Mapping[str, list[str]]) -> str | None:
    for name in ("importance", "x-priority", "priority", "x-msmail-priority"):
        if name in headers:
            return _PRIORITIES.get(headers[name][0].partition(" ")[0].lower())
    return None


# --- control


def _control(message: Message, decoded: Decoded, features: Collection[str]) -> Iterator[Difference]:
    yield from _differ("tags", list(message.tags), list(decoded.tags))
    yield from _differ("metadata", _as_text(message.metadata), _as_text(decoded.metadata))
    yield from _differ("stream", message.stream, decoded.stream)
    template = None if message.template is None else (message.template.id, message.template.version)
    yield from _differ("template", template, decoded.template)
    yield from _differ("merge", _as_text(message.merge_global), _as_text(decoded.merge))
    yield from _differ("send_at", _second(message.send_at), _second(decoded.send_at))
    for name in ("track_opens", "track_clicks"):
        wanted = getattr(message, name)
        if wanted is not False or name in features:  # who cannot track need not be told not to
            yield from _differ(name, wanted, getattr(decoded, name))
    if "idempotency_key" in features and not decoded.idempotency_key:
        yield "idempotency_key", "idempotency_key: there is none"


def _second(moment: Any) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _as_text(value: Any) -> Any:
    """Return data with every scalar as text, for many services know nothing else."""
    if isinstance(value, Mapping):
        return {name: _as_text(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_text(each) for each in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


_Comparison = Callable[[Message, Decoded, Collection[str]], Iterable[Difference]]
_RENDERED: tuple[_Comparison, ...] = (_authors, _recipients, _envelope, _texts, _forms, _files, _headers, _control)
_RAW: tuple[_Comparison, ...] = (_envelope, _raw, _control)
