"""What takes the place of transports: their policies as they are, over leaves that send nothing.

Faults happen in the leaves, so that a retry or a failover has to do with them what it does in production.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, NamedTuple

from mailbridge.flow.operations import Flow
from mailbridge.receipt import Receipt, RecipientStatus, Status
from mailbridge.sending.attempt import attempted
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.relay import Run, answer_of, receipt_of, relay
from mailbridge.sending.smtp import SmtpTransport
from mailbridge.sending.stand_in import StandIn, replaced
from mailbridge.sending.transport import Transport
from mailbridge.testing.clock import Clock, hurried
from mailbridge.testing.faults import Faults
from mailbridge.testing.listening import goes_to_ours

__all__ = ["Catch", "Handover", "stand_in"]

_numbers = count(1)


class Handover(NamedTuple):
    """A message as a leaf got it, which a guard may have changed, and its bytes if the leaf sends such.

    `accepted` says whether the leaf accepted it, or was merely the last one to refuse it.
    """

    delivery: Delivery
    transport: str
    accepted: bool = False
    mime: bytes | None = None


class Catch:
    """One mailbox, as its stand-ins see it.

    Args:
        words: what receipts say of recipients that were accepted.
        faults: what is to go wrong.
        clock: the clock of policies.
        keep: takes what became of each message, and what the leaf got that accepted it first, or else the
            one that was tried last; None if no leaf was.
    """

    def __init__(
        self, words: str, faults: Faults, clock: Clock, keep: Callable[[Delivery, Outcome, Handover | None], None]
    ) -> None:
        self.words = words
        self.faults = faults
        self.clock = clock
        self.keep = keep
        # By the list of attempts, which all deliveries of one message share, whatever policies make of them.
        self._handed_over: dict[int, Handover] = {}

    def attempt(self, delivery: Delivery, transport: Transport) -> Flow[Mapping[str, RecipientStatus]]:
        """Do to an attempt what is to happen to it; return the recipients that it fails for."""
        key = id(delivery.attempts)
        if key not in self._handed_over or not self._handed_over[key].accepted:
            self._handed_over[key] = Handover(delivery, str(transport))
        return self.faults.met(delivery, transport)

    def accepted(self, delivery: Delivery, transport: Transport, mime: bytes | None = None) -> None:
        """Note that a leaf accepted a message; the first one counts, later ones have the rest of its recipients."""
        key = id(delivery.attempts)
        if not self._handed_over[key].accepted:
            self._handed_over[key] = Handover(delivery, str(transport), accepted=True, mime=mime)

    def over(self, delivery: Delivery, outcome: Outcome) -> None:
        """Note what became of a message in the end."""
        self.keep(delivery, outcome, self._handed_over.pop(id(delivery.attempts), None))


def stand_in(transport: Transport, catch: Catch) -> Transport:
    """Return what takes the place of a transport for one mailbox."""

    def leaf(original: Transport) -> Transport:
        harmless = original.reach == "nobody" or goes_to_ours(original)
        return (Onlooker if harmless else Catcher)(original, catch)

    while isinstance(transport, StandIn):  # an adapter's, which keeps mail from being sent: so do we
        transport = transport.original
    return Recorder(transport, replaced(transport, leaf), catch)


class Catcher(StandIn):
    """Catches what its original would send."""

    word = "mailbox"

    def __init__(self, original: Transport, catch: Catch) -> None:
        super().__init__(original)
        self._catch = catch

    def take(self, delivery: Delivery, mime: bytes | None) -> Flow[Receipt]:
        """Accept everybody to whom no fault happens."""
        hit = yield from self._catch.attempt(delivery, self.original)
        self._catch.accepted(delivery, self.original, mime)
        row = RecipientStatus(Status.ACCEPTED, text=self._catch.words)
        return Receipt(
            message_id=delivery.message.message_id or "",
            recipients={each.addr_spec: hit.get(each.addr_spec, row) for each in delivery.envelope.recipients},
            provider=str(self.original).partition(":")[0],
            transport=str(self),
            # As services have them, and mail servers do not.
            provider_ids=() if isinstance(self.original, SmtpTransport) else (f"mailbox-{next(_numbers)}",),
        )


class Onlooker(StandIn):
    """Looks on while its original works, which reaches nobody, or a server of the test kit."""

    def __init__(self, original: Transport, catch: Catch) -> None:
        super().__init__(original)
        self._catch = catch

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Let the original take a message, for everybody to whom no fault happens."""
        return attempted(self, delivery, self._watched(delivery))

    def _watched(self, delivery: Delivery) -> Flow[Receipt]:
        hit = yield from self._catch.attempt(delivery, self.original)
        unharmed = delivery.changed(delivery.message)
        unharmed.attempts, unharmed.observed = [], False  # this is the attempt, not what happens within
        unharmed.envelope = delivery.envelope.to(to for to in delivery.envelope.recipients if to.addr_spec not in hit)
        receipt = yield from self.original.send(unharmed)
        self._catch.accepted(delivery, self.original)
        return receipt._copy(recipients={**receipt.recipients, **hit}) if hit else receipt

    def __str__(self) -> str:
        return str(self.original)


class Recorder(StandIn):
    """The whole of what takes the place of a transport: says to the mailbox what became of each message."""

    def __init__(self, original: Transport, inner: Transport, catch: Catch) -> None:
        super().__init__(original)
        self.inner = inner
        self.catch = catch

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Deliver one message to the mailbox."""
        return receipt_of((yield from self.outcome(delivery)))

    def send_many(self) -> Flow[None]:
        """Deliver what is pulled to the mailbox, by the `send_many` of the policies."""
        return hurried(relay(lambda: _Run(self)), self.catch.clock)

    def outcome(self, delivery: Delivery) -> Flow[Outcome]:
        """Deliver one message, and return what became of it."""
        outcome = yield from hurried(answer_of(self.inner, delivery), self.catch.clock)
        self.catch.over(delivery, outcome)
        return outcome

    def __str__(self) -> str:
        return str(self.inner)


class _Run(Run):
    """A run that goes on for ever."""

    __slots__ = ("recorder",)

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder.inner)
        self.recorder = recorder

    def judge(self, delivery: Delivery, note: Any, outcome: Outcome) -> Outcome:
        self.recorder.catch.over(delivery, outcome)
        return outcome

    def settle(self, delivery: Delivery, note: Any, outcome: Outcome | None) -> Flow[Outcome]:
        return (yield from self.recorder.outcome(delivery))
