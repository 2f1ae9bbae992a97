"""Calls: which messages travel in one, and what becomes of its messages when it is refused as a whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from copy import copy
from typing import NamedTuple

from mailbridge.errors import (
    ContentRefused,
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    RecipientDeferred,
    RecipientRefused,
)
from mailbridge.flow.operations import Flow
from mailbridge.message.message import Message
from mailbridge.sending.delivery import Outcome

_ONES_OWN = (MessageInvalid, ContentRefused, RecipientRefused, RecipientDeferred)
"""Errors that one message in a call may have brought upon the others."""

HEADERS = 2048
"""Octets added to the estimate of a message for all that is neither text nor file."""


class Room(NamedTuple):
    """What one call may hold: messages, recipients over all of them, octets; 0 means any number.

    `shared` are the fields that it says once for all its messages. `once`: whether each recipient may be in
    it once only.
    """

    messages: int = 1
    recipients: int = 0
    octets: int = 0
    shared: frozenset[str] = frozenset()
    once: bool = False


def cut(messages: Iterable[Message], room: Room, kind: Callable[[Message], Hashable]) -> Iterator[list[Message]]:
    """Yield the messages call by call, in order; only neighbours of the same kind share a call."""
    filling = Filling(room, kind)
    for message in messages:
        if not filling.takes(message):
            yield filling.messages
            filling = Filling(room, kind)
        filling.add(message)
    if filling.messages:
        yield filling.messages


class Filling:
    """A call that is being filled."""

    __slots__ = ("_keys", "_kind", "_octets", "_of", "_recipients", "_room", "messages")

    def __init__(self, room: Room, kind: Callable[[Message], Hashable]) -> None:
        self._room = room
        self._of = kind
        self._kind: Hashable = None
        self._octets = self._recipients = 0
        self._keys: set[str] = set()
        self.messages: list[Message] = []

    def takes(self, message: Message) -> bool:
        """Whether the message may travel in this call; the first one always may."""
        if not self.messages:
            return True
        room = self._room
        if 0 < room.messages <= len(self.messages) or self._of(message) != self._kind:
            return False
        if room.recipients and self._recipients + _recipients(message) > room.recipients:
            return False
        if room.once and not self._keys.isdisjoint(to.key for to in message.recipients):
            return False
        return not room.octets or self._octets + weight(message, room.shared) <= room.octets

    def add(self, message: Message) -> None:
        """Take the message."""
        room, said = self._room, self._room.shared
        if not self.messages:
            self._kind, said = self._of(message), frozenset()
        self.messages.append(message)
        if room.once:
            self._keys.update(to.key for to in message.recipients)
        if room.recipients:
            self._recipients += _recipients(message)
        if room.octets:
            self._octets += weight(message, said)


def divided(
    call: Callable[[Sequence[Message]], Flow[list[Outcome]]], messages: Sequence[Message]
) -> Flow[list[Outcome]]:
    """Make one call; if it is refused for what may be one message's fault, make it again in halves.

    So a message that the provider does not take is found in few calls, and its neighbours are sent. A
    call that was refused as a whole has sent nothing, so nobody gets a second copy.
    """
    try:
        outcomes = yield from call(messages)
        return [_shared(each) for each in outcomes] if len(messages) > 1 else outcomes
    except MailError as error:
        if len(messages) == 1:
            return [error.with_traceback(None)]
        if not isinstance(error, _ONES_OWN):
            return [_shared(each) for each in apart(error, len(messages))]
    middle = len(messages) // 2
    first = yield from divided(call, messages[:middle])
    return first + (yield from divided(call, messages[middle:]))


def apart(error: MailError, count: int) -> list[MailError]:
    """Return one error for each of several messages; what is noted on one is not noted on the others."""
    errors = [copy(error).with_traceback(None) for _ in range(count)]
    for each in errors:
        each.recipients = dict(error.recipients)
    return errors


def _shared(outcome: Outcome) -> Outcome:
    """Note that the call had other messages too, so that it cannot be made again for one of them."""
    if isinstance(outcome, OutcomeUnknown):
        outcome.shared = True
    return outcome


def weight(message: Message, said: Collection[str] = ()) -> int:
    """Return about how many octets a message takes in a JSON body: files in base64, text escaped a little.

    Fields in `said` take none, for another message of the call has said them already.
    """
    octets = HEADERS
    for name in ("text", "html", "amp", "calendar"):
        if (text := getattr(message, name)) and name not in said:
            octets += (len(text) if text.isascii() else len(text.encode())) + len(text) // 8
    if "attachments" not in said:
        octets += sum([len(file.content) * 4 // 3 + 512 for file in message.attachments])
    if "alternatives" not in said:
        octets += sum([len(alternative.content) for alternative in message.alternatives])
    if message.raw is not None:
        octets += len(message.raw) * 4 // 3
    return octets


def _recipients(message: Message) -> int:
    return len(message.to) + len(message.cc) + len(message.bcc)
