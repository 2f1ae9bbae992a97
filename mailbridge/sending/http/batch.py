"""`send_many` by an API that takes many messages in a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbridge.errors import MailError, OutcomeUnknown
from mailbridge.flow.operations import END, PULL, Emit, Flow, Now, Wall
from mailbridge.message.message import Message
from mailbridge.receipt import Attempt
from mailbridge.sending.attempt import announce
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.http.calls import Filling, apart, divided

if TYPE_CHECKING:
    from mailbridge.sending.http.transport import HttpTransport

_NOW = Now()
_WALL = Wall()


def deliver_many(transport: HttpTransport) -> Flow[None]:
    """Fill one call after the other with what is pulled; emit each outcome in order."""
    waiting: _Item | None = None
    while True:
        items: list[_Item] = []
        filling = Filling(transport.room, transport.kind)
        ended = False
        while len(items) < transport.room.messages:
            if waiting is None:
                delivery = yield PULL
                if delivery is END:
                    ended = True
                    break
                waiting = _Item(transport, delivery)
            if waiting.alone:
                break
            if waiting.message is not None:
                if not filling.takes(waiting.message):
                    break
                filling.add(waiting.message)
            items.append(waiting)
            waiting = None
        if not items and waiting is not None:  # one that makes calls of its own
            items, waiting = [waiting], None
        if items:
            yield from _sent(transport, items)
        if ended:
            return


class _Item:
    """One delivery: the message that travels, or the error that keeps it here."""

    __slots__ = ("alone", "delivery", "error", "message")

    def __init__(self, transport: HttpTransport, delivery: Delivery) -> None:
        self.delivery = delivery
        self.error: MailError | None = None
        self.message: Message | None = None
        self.alone = False
        try:
            self.message = transport.outgoing(delivery)
            self.alone = transport.alone(delivery)
        except MailError as error:
            self.error = error.with_traceback(None)


def _sent(transport: HttpTransport, items: list[_Item]) -> Flow[None]:
    """Make the call (or, for a message that shares none, its calls) and emit the outcomes."""
    shown = str(transport)
    started: float = yield _WALL
    begun: float = yield _NOW
    for item in items:
        if item.delivery.observed:
            yield from announce(item.delivery, Attempt(len(item.delivery.attempts) + 1, shown, started))
    outcomes = iter((yield from _outcomes(transport, [each for each in items if each.message is not None])))
    ms = ((yield _NOW) - begun) * 1000
    for item in items:
        outcome = item.error if item.error is not None else next(outcomes)
        yield from _noted(item.delivery, outcome, shown, started, ms)


def _outcomes(transport: HttpTransport, items: list[_Item]) -> Flow[list[Outcome]]:
    messages = [item.message for item in items if item.message is not None]
    if not messages:
        return []
    try:
        if items[0].alone:
            return [(yield from transport.delivered(items[0].delivery))]
        return (yield from divided(transport.call, messages))
    except MailError as error:
        return [*apart(error, len(messages))]
    except Exception as error:  # noqa: BLE001 - a fault of the provider's code must not lose a batch
        return [_fault(transport, error) for _ in messages]


def _noted(delivery: Delivery, outcome: Outcome, shown: str, started: float, ms: float) -> Flow[None]:
    """Record the attempt, show it to observers, and emit the outcome with it."""
    number = len(delivery.attempts) + 1
    if isinstance(outcome, MailError):
        attempt = Attempt(number, shown, started, ms, outcome.code, type(outcome).__name__, outcome.text)
    else:
        attempt = Attempt(number, shown, started, ms)
    delivery.attempts.append(attempt)
    if delivery.observed:
        yield from announce(delivery, attempt)
    attempts = tuple(delivery.attempts)
    if isinstance(outcome, MailError):
        outcome.transport = outcome.transport or shown
        outcome.attempts = attempts
        yield Emit(outcome)
    else:
        yield Emit(outcome._copy(attempts=attempts))


def _fault(transport: HttpTransport, error: Exception) -> OutcomeUnknown:
    fault = OutcomeUnknown(
        f"The transport {transport} failed with {type(error).__name__}: {error}. "
        "This is a fault in the transport; whether the message was sent is unknown.",
        transport=str(transport),
    )
    fault.__cause__ = error
    return fault
