"""One attempt: timed, recorded on the delivery, shown to observers before and after."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from mailbridge.errors import MailError, OutcomeUnknown
from mailbridge.flow.operations import Flow, Now, Wall
from mailbridge.receipt import Attempt, Receipt
from mailbridge.redaction import mask
from mailbridge.sending.delivery import Delivery

if TYPE_CHECKING:
    from mailbridge.sending.transport import Transport


_NOW = Now()
_WALL = Wall()


def attempted(transport: Transport, delivery: Delivery, work: Flow[Receipt]) -> Flow[Receipt]:
    """Run `work` as one attempt of `transport` and return its receipt with all attempts so far.

    Raises the MailError of `work`, with the attempts. Anything else that `work` raises is a fault in
    the transport: what it had done by then is unknown, so it becomes OutcomeUnknown.
    """
    started: float = yield _WALL
    begun: float = yield _NOW
    attempt = Attempt(len(delivery.attempts) + 1, str(transport), started)
    if delivery.observed:
        yield from announce(delivery, attempt)
    try:
        receipt = yield from work
    except MailError as error:
        yield from record_failure(delivery, attempt, error, begun)
        raise
    except Exception as error:
        fault = OutcomeUnknown(
            f"The transport {attempt.transport} failed with {type(error).__name__}: {error}. "
            "This is a fault in the transport; whether the message was sent is unknown.",
            transport=attempt.transport,
        )
        yield from record_failure(delivery, attempt, fault, begun)
        raise fault from error
    ended: float = yield _NOW
    attempt = Attempt(attempt.number, attempt.transport, started, (ended - begun) * 1000, _code(receipt))
    delivery.attempts.append(attempt)
    if delivery.observed:
        yield from announce(delivery, attempt)
    return receipt._copy(attempts=tuple(delivery.attempts))


def _code(receipt: Receipt) -> int | None:
    for row in receipt.recipients.values():
        if row.code:
            return row.code
    return None


def announce(delivery: Delivery, attempt: Attempt) -> Generator[Any, Any, None]:
    """Show observers an attempt, begun or finished."""
    if delivery.hooks is not None:
        yield from delivery.hooks.attempt(attempt, delivery.message)


def record_failure(delivery: Delivery, attempt: Attempt, error: MailError, begun: float) -> Generator[Any, Any, None]:
    """Add a failed attempt to the delivery and to its error."""
    ms = ((yield _NOW) - begun) * 1000
    error.transport = error.transport or attempt.transport
    failed = attempt._replace(ms=ms, code=error.code, error=type(error).__name__, text=mask(error.text))
    delivery.attempts.append(failed)
    if delivery.observed:
        yield from announce(delivery, failed)
    error.attempts = tuple(delivery.attempts)
