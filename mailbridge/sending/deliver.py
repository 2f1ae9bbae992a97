"""The send path: what every message goes through, whoever asks and whatever the transport.

    defaults → filter hooks → pre-send → route → features → Message-ID and Date → transport
             → exactly one of sent, suppressed, failed

`SendPath.deliver` is for one message, `deliver_many` for any number, pipelined by transports that can.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, cast

from mailbridge.errors import MailError, MessageInvalid, OutcomeUnknown
from mailbridge.flow.operations import END, PULL, Emit, Flow, Pull
from mailbridge.hooks import Context, Hooks
from mailbridge.logs import log_outcome, log_suppressed
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt, Status
from mailbridge.sending import diversion
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.transport import Transport
from mailbridge.sending.unsupported import Unsupporting
from mailbridge.transcript import Transcript

if TYPE_CHECKING:
    from mailbridge.sending.diversion import Diversion


class SendPath:
    """The send path of one mailer in one colour.

    Args:
        hooks: the mailer's plugins.
        names: the configured mailers that a route may name.
        transport: finds the transport of a name. Raises ConfigError.
        stamp: gives a message its defaults, Message-ID and Date.
        unsupporting: what to do with features that a transport lacks.
        asynchronous: whether hooks may be awaited.
        transcript: where to write the dialogue, if somebody reads along.
        own_diversion: what takes the place of this mailer's transports, if anything does.
    """

    def __init__(
        self,
        *,
        hooks: Hooks,
        names: Collection[str],
        transport: Callable[[str], Transport],
        stamp: Callable[[Message], Message],
        unsupporting: Unsupporting,
        asynchronous: bool,
        transcript: Transcript | None = None,
        own_diversion: Diversion | None = None,
    ) -> None:
        self._hooks = hooks
        self._names = names
        self._transport = transport
        self._stamp = stamp
        self._unsupporting = unsupporting
        self._asynchronous = asynchronous
        self._transcript = transcript
        self._diversion = own_diversion

    def deliver(self, message: Message, via: str | None = None, through: Transport | None = None) -> Flow[Receipt]:
        """Send one message and return its receipt; raise a MailError when no recipient was accepted."""
        slot = self._addressed(message, via, through)
        if slot is None:
            slot = yield from self._filtered(message, via, through)
        if slot.outcome is None:
            try:
                slot.outcome = yield from slot.transport.send(slot.delivery)
            except MailError as error:
                slot.outcome = error
            except Exception as error:  # noqa: BLE001 - nothing but MailErrors leaves a transport
                slot.outcome = _fault(slot.transport, error)
        if self._finish(slot):
            yield from self._tell(slot)
        return slot.result()

    def connect(self, via: str | None = None, through: Transport | None = None) -> Flow[None]:
        """Connect ahead of the next message, unless something else will get it."""
        if self._diversion is None and diversion.current is None:
            yield from (through or self._transport(via or "default")).connect()

    def deliver_many(self, via: str | None = None, through: Transport | None = None) -> Flow[None]:
        """Send what is pulled (messages); emit a Receipt or a MailError for each, in order.

        Neighbours that go to the same transport share its pipeline.
        """
        slots: deque[_Slot] = deque()  # pulled, and not emitted yet
        upcoming = yield from self._pulled(slots, via, through)
        while upcoming is not None:
            upcoming = yield from self._through(upcoming, slots, via, through)

    def _pulled(self, slots: deque[_Slot], via: str | None, through: Transport | None) -> Flow[_Slot | None]:
        """Return the next message that needs a transport, or None when there is no more.

        Those that are over already keep their place in `slots`.
        """
        while (message := (yield PULL)) is not END:
            slot = self._addressed(message, via, through)
            if slot is None:
                slot = yield from self._filtered(message, via, through)
            if slot.outcome is None:
                return slot
            if self._finish(slot):
                yield from self._tell(slot)
            slots.append(slot)
            while slots and slots[0].outcome is not None:
                yield Emit(slots.popleft().value())
        return None

    def _through(
        self, first: _Slot, slots: deque[_Slot], via: str | None, through: Transport | None
    ) -> Flow[_Slot | None]:
        """Feed one transport with neighbours; return who goes elsewhere, or None when there is no more."""
        transport = first.transport
        upcoming: _Slot | None = first
        more = True
        inner = transport.send_many()
        fault: Exception | None = None
        try:
            op = next(inner)
            while True:
                kind = type(op)
                if kind is not Pull and kind is not Emit:
                    try:
                        answer = yield op
                    except Exception as error:  # noqa: BLE001 - the transport decides what an error means
                        op = inner.throw(error)
                    else:
                        op = inner.send(answer)
                    continue
                answer = None
                if kind is Emit:
                    oldest = slots[0] if slots[0].outcome is None else next(s for s in slots if s.outcome is None)
                    oldest.outcome = op.outcome  # type: ignore[attr-defined]
                    if self._finish(oldest):
                        yield from self._tell(oldest)
                    while slots and slots[0].outcome is not None:
                        yield Emit(slots.popleft().outcome)
                else:
                    if upcoming is None and more:
                        upcoming = yield from self._pulled(slots, via, through)
                        more = upcoming is not None
                    if upcoming is None or upcoming.transport is not transport:
                        answer = END
                    else:
                        slots.append(upcoming)
                        answer, upcoming = upcoming.delivery, None
                op = inner.send(answer)
        except StopIteration:
            pass
        except Exception as error:  # noqa: BLE001 - nothing but outcomes leaves a transport
            fault = error
        finally:
            inner.close()
        yield from self._unanswered(slots, transport, fault)
        if upcoming is None and more:
            upcoming = yield from self._pulled(slots, via, through)
        return upcoming

    def _unanswered(self, slots: deque[_Slot], transport: Transport, fault: Exception | None) -> Flow[None]:
        """Emit what a transport left without outcome, which breaks its promise."""
        while slots:
            slot = slots.popleft()
            if slot.outcome is None:
                slot.outcome = _fault(transport, fault)
                if self._finish(slot):
                    yield from self._tell(slot)
            yield Emit(slot.outcome)

    def _addressed(self, message: Message, via: str | None, through: Transport | None) -> _Slot | None:
        """Take a message up to its transport; None where hooks have a word to say before (`_filtered`).

        A slot with an outcome is over already. It is not the one of the frame that the traceback holds.
        """
        hooks = self._hooks
        if hooks.has_message or hooks.has_pre_send or hooks.has_route:
            return None
        slot = _Slot(message)
        try:
            self._address(slot, via or _own(message) or "default", through)
        except MailError as error:
            return _Slot(message, error)
        return slot

    def _filtered(self, message: Message, via: str | None, through: Transport | None) -> Flow[_Slot]:
        """Do the same where there are hooks."""
        slot = _Slot(message)
        hooks = self._hooks
        try:
            name = via or _own(message) or "default"
            if hooks.has_message or hooks.has_pre_send:
                context = Context(name, asynchronous=self._asynchronous)
                slot.message = message = yield from hooks.message(message, context)
                slot.outcome = yield from hooks.pre_send(message, context)
            if slot.outcome is None:
                if hooks.has_route and via is None and message.via is None and through is None:
                    name = (yield from hooks.route(message, self._names)) or name
                self._address(slot, name, through)
        except MailError as error:
            return _Slot(slot.message, error)
        return slot

    def _address(self, slot: _Slot, name: str, through: Transport | None) -> None:
        """Find the transport, and make of the message what it gets. Raises MailErrors."""
        slot.transport = transport = through or self._transport(name)
        asked = self._unsupporting.fitted(slot.message, transport)
        slot.message = message = self._stamp(asked)
        if self._diversion is not None or diversion.current is not None:
            slot.transport = self._diverted(transport, message, name)
        slot.delivery = Delivery(message, hooks=self._hooks, mailer=name, transcript=self._transcript, asked=asked)

    def _diverted(self, transport: Transport, message: Message, name: str) -> Transport:
        for each in (self._diversion, diversion.current):
            if each is not None:
                transport = each.instead(transport, message, name)
        return transport

    def _finish(self, slot: _Slot) -> bool:
        """Log the outcome; say whether there are observers to tell."""
        outcome: Outcome = slot.outcome  # type: ignore[assignment]  # a call of cast() costs
        left_out = _left_out(outcome)
        for reason, addresses in left_out.items():
            log_suppressed(slot.message, addresses, reason)
        if not left_out or not _nobody_tried(outcome, left_out):
            log_outcome(slot.message, outcome)
        hooks = self._hooks
        return hooks.has_sent or hooks.has_failed or hooks.has_suppressed

    def _tell(self, slot: _Slot) -> Flow[None]:
        """Tell observers who was left out, and then the outcome if anybody was tried.

        Here and not in the transport that leaves them out: only in the end is it certain that no other
        one sent to them after all.
        """
        hooks, outcome = self._hooks, cast("Outcome", slot.outcome)
        left_out = _left_out(outcome)
        for reason, addresses in left_out.items():
            yield from hooks.suppressed(slot.message, addresses, reason)
        if isinstance(outcome, MailError):
            yield from hooks.failed(slot.message, outcome)
        elif not _nobody_tried(outcome, left_out):
            yield from hooks.sent(slot.message, outcome)


_NOBODY: dict[str, list[str]] = {}


def _left_out(outcome: Outcome) -> dict[str, list[str]]:
    """Return the addresses that were left out on purpose, by the reason."""
    rows = outcome.recipients
    for row in rows.values():
        if row is not None and row.status is Status.SUPPRESSED:
            break
    else:
        return _NOBODY
    found: dict[str, list[str]] = {}
    for address, row in rows.items():
        if row is not None and row.status is Status.SUPPRESSED:
            found.setdefault(row.text, []).append(address)
    return found


def _nobody_tried(outcome: Outcome, left_out: dict[str, list[str]]) -> bool:
    if not left_out or isinstance(outcome, MailError):
        return False
    return sum(map(len, left_out.values())) == len(outcome.recipients)


class _Slot:
    """One message's place in the row of outcomes."""

    __slots__ = ("delivery", "message", "outcome", "transport")

    delivery: Delivery
    transport: Transport

    def __init__(self, message: Message, outcome: Outcome | None = None) -> None:
        self.message = message
        self.outcome = outcome

    def value(self) -> Outcome | None:
        """Return the outcome as a value: without the traceback, which would hold the message as long as the error."""
        outcome = self.outcome
        if isinstance(outcome, MailError):
            outcome.__traceback__ = None
        return outcome

    def result(self) -> Receipt:
        """Return the receipt or raise the error, and let go of it.

        A traceback keeps frames alive; if one of them still led to the error, all of them, the caller's
        with his message among them, would stay in memory until the next garbage collection.
        """
        outcome, self.outcome = self.outcome, None
        try:
            if isinstance(outcome, MailError):
                raise outcome
            return cast("Receipt", outcome)
        finally:
            del outcome


def _own(message: Message) -> str | None:
    """Return the mailer that a message names. Raises MessageInvalid for what is no message."""
    if not isinstance(message, Message):
        raise MessageInvalid(f"Expected a mailbridge.Message, not {type(message).__name__}.", field="message")
    return message.via


def _fault(transport: Transport, error: Exception | None) -> MailError:
    why = f"failed with {type(error).__name__}: {error}" if error is not None else "ended without an answer"
    fault = OutcomeUnknown(
        f"The transport {transport} {why}. This is a fault in the transport; whether the message was sent is unknown.",
        transport=str(transport),
    )
    fault.__cause__ = error
    return fault
