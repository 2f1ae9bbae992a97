"""Messages into a list."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from mailbridge.extend import Delivery, Envelope, Message, Mime, MimeTransport, Receipt, Verification, features
from mailbridge.transports.memory.settings import MemorySettings


class Kept(NamedTuple):
    """One message as it was handed over: the value, its envelope, the bytes SMTP would have sent."""

    message: Message
    envelope: Envelope
    mime: bytes


class MemoryTransport(MimeTransport):
    """Keeps the last messages, oldest first, and accepts every recipient.

    Threads may send and look at the same time: a deque's own operations are atomic, and what is
    returned is a copy.

    >>> transport = MemoryTransport(MemorySettings(limit=10))
    >>> transport.messages
    ()
    """

    name = "memory"
    features = features.LOCAL
    reach = "nobody"
    quick = True

    def __init__(self, settings: MemorySettings) -> None:
        self.settings = settings
        self._kept: deque[Kept] = deque(maxlen=settings.limit)

    @property
    def kept(self) -> tuple[Kept, ...]:
        """The last messages with their envelopes and bytes."""
        return tuple(self._kept.copy())

    @property
    def messages(self) -> tuple[Message, ...]:
        """The last messages."""
        return tuple(each.message for each in self.kept)

    def clear(self) -> None:
        """Forget every message."""
        self._kept.clear()

    def deliver(self, delivery: Delivery, mime: Mime) -> Receipt:
        """Keep one message."""
        self._kept.append(Kept(delivery.message, delivery.envelope, bytes(mime)))
        return self.accepted(delivery)

    def check(self) -> Verification:
        """Say how many messages are kept."""
        text = f"Messages are kept in memory, the last {self.settings.limit} of them; none is sent."
        return Verification(transport=str(self), text=text, details={"kept": len(self._kept)})
