"""`Suppression`: an application under test sends as in production, and what would leave is kept.

It is a diversion for `Mailer(diversion=…)`. An adapter says when it holds and what becomes of a mail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mailbridge.flow.operations import Flow
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt, RecipientStatus, Status
from mailbridge.sending.delivery import Delivery
from mailbridge.sending.stand_in import StandIn
from mailbridge.sending.transport import Transport

WORD = "suppressed"
"""The provider of a receipt for a mail that was kept."""

_STAND_INS = 100


class Suppressed(NamedTuple):
    """A mail that was kept: the message, where it would have gone, and what its sender was told."""

    message: Message
    mailer: str
    transport: str
    receipt: Receipt
    mime: bytes | None
    """The rendered form, where the transport sends one."""


class Suppression:
    """Puts a stand-in in the place of every transport while `wanted()`, which is asked at every send.

    Args:
        wanted: says whether nothing shall leave now; what it raises is the outcome of the message.
        keep: takes what was kept, in the thread of whoever sends.
    """

    def __init__(self, wanted: Callable[[], bool], keep: Callable[[Suppressed], None]) -> None:
        self._wanted = wanted
        self._keep = keep
        self._stand_ins: dict[Transport, _Kept] = {}

    def instead(self, transport: Transport, message: Message, mailer: str) -> Transport:
        """Return what gets the message."""
        if not self._wanted():
            return transport
        if len(self._stand_ins) >= _STAND_INS:  # each call had a `dsn` of its own
            self._stand_ins.clear()
        return self._stand_ins.setdefault(transport, _Kept(transport, self._keep))


class _Kept(StandIn):
    """Keeps what the original would have sent; a receipt says `suppressed(smtp://mail.example.com:587)`."""

    name = WORD
    word = WORD

    def __init__(self, original: Transport, keep: Callable[[Suppressed], None]) -> None:
        super().__init__(original)
        self._keep = keep

    def rehearse(self, delivery: Delivery) -> Flow[bytes | None]:
        """Check a message as the original does, for a test kit that takes its place in turn."""
        return self.original.rehearse(delivery)

    def take(self, delivery: Delivery, mime: bytes | None) -> Flow[Receipt]:
        """Keep one message, and accept every recipient."""
        receipt = Receipt(
            message_id=delivery.message.message_id or "",
            recipients={each.addr_spec: RecipientStatus(Status.ACCEPTED) for each in delivery.envelope.recipients},
            provider=self.name,
            transport=str(self),
        )
        self._keep(Suppressed(delivery.message, delivery.mailer, str(self.original), receipt, mime))
        return receipt
        yield
