"""The private copies that a message with data for each recipient stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mailbridge.message.address import Address
from mailbridge.message.frozen import FrozenDict
from mailbridge.message.header_names import FIELDS
from mailbridge.message.message import Message

__all__ = ["copies", "is_merge", "narrowed"]

Headers = tuple[tuple[str, str], ...]

_MERGED = ("merge_data", "merge_headers", "merge_metadata")


def is_merge(message: Message) -> bool:
    """Whether everybody in `to` gets a private copy, because the message has data by recipient."""
    fields = message.__dict__
    return "merge_data" in fields or "merge_headers" in fields or "merge_metadata" in fields


def copies(message: Message) -> Iterator[Message]:
    """Yield one message for each mailbox in `to`, with what is meant for it in the fields for all.

    `merge_data` goes into `merge_global` (which is there, if empty, also for whom there is none: the text
    has placeholders all the same), `merge_headers` into `headers` (in place of those of the same name),
    `merge_metadata` into `metadata`. `cc` and `bcc` get every copy. Copies have keys of their own,
    made of the message's key (or Message-ID) and the address, or a provider would take the second for
    the first sent again. Of a message with nobody in `to` there is one copy, for the others.
    """
    if not message.to:
        yield message.replace(merge_data=None, merge_headers=None, merge_metadata=None)
    base = {
        name: value
        for name, value in list(message.__dict__.items())  # another thread may compute the envelope just now
        if name[0] != "_" and name not in _MERGED and name != "envelope"
    }
    data, headers, metadata = message.merge_data, message.merge_headers, message.merge_metadata
    for_all, metadata_for_all = message.merge_global, message.metadata
    if "merge_data" in message.__dict__:
        base["merge_global"] = for_all
    key = message.idempotency_key or message.message_id
    for to in _distinct(message.to):
        copy: Message = object.__new__(type(message))
        fields: dict[str, Any] = copy.__dict__
        fields.update(base)
        fields["to"] = (to,)
        if key:
            fields["idempotency_key"] = f"{key}/{to.key}"
        if own := data.get(to.key):
            fields["merge_global"] = FrozenDict({**for_all, **own}) if for_all else own
        if own := headers.get(to.key):
            fields["headers"] = _overridden(message.headers, own)
            for name, _ in own:  # "list-unsubscribe" for this one alone, in place of the field's
                fields.pop(FIELDS.get(name.lower(), ""), None)
        if own := metadata.get(to.key):
            fields["metadata"] = FrozenDict({**metadata_for_all, **own}) if metadata_for_all else own
        yield copy


def _distinct(addresses: Iterable[Address]) -> Iterator[Address]:
    """Yield each mailbox once, in its first spelling, as the envelope has them."""
    known: set[str] = set()
    for each in addresses:
        if each.key not in known:
            known.add(each.key)
            yield each


def narrowed(message: Message, recipients: Iterable[Address]) -> Message:
    """Return the message for these of its recipients only: the others have it already.

    If nobody is left in `to`, without whom most APIs take nothing, those in `cc` take the place, or a single
    one in `bcc`: who stood in `cc` was known to all, and who is alone learns of nobody.
    """
    kept = {each.key for each in recipients}
    left = {field: tuple(each for each in getattr(message, field) if each.key in kept) for field in ("to", "cc", "bcc")}
    if not left["to"]:
        heir = "cc" if left["cc"] else "bcc"
        if heir == "cc" or len(left["bcc"]) == 1:
            left["to"], left[heir] = left[heir], ()
    fewer: Any = {field: each or None for field, each in left.items()}
    return message.replace(**fewer)


def _overridden(headers: Headers, own: Headers) -> Headers:
    names = {name.lower() for name, _ in own}
    return (*(pair for pair in headers if pair[0].lower() not in names), *own)
