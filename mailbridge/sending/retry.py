"""`Retry`: tries again what may be tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mailbridge.errors import ConfigError, MailError, OutcomeUnknown
from mailbridge.flow.operations import Flow, Now, Sleep
from mailbridge.message.copies import is_merge
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.policy import Policy
from mailbridge.sending.relay import Admission, Run, answer_of, receipt_of, relay
from mailbridge.sending.tally import Tally, put_off
from mailbridge.sending.transport import Transport

if TYPE_CHECKING:
    from tenacity import RetryCallState

_NOW = Now()
LONGEST = 6 * 3600.0  # seconds; no server's wish counts for longer


class FullJitter:
    """Waits a random time up to a limit that doubles: `random() * min(longest, first * 2 ** (attempt - 1))`.

    Random over the whole range, so that many senders that failed at one moment do not come back at one
    moment. A tenacity wait strategy, except that the randomness is an argument.
    """

    def __init__(self, first: float, longest: float, random: Callable[[], float]) -> None:
        self.first = first
        self.longest = longest
        self.random = random

    def __call__(self, state: RetryCallState) -> float:
        """Return the seconds to wait."""
        doublings = min(state.attempt_number - 1, 60)
        return self.random() * min(self.longest, self.first * 2.0**doublings)


class Retry(Policy):
    """Tries again through the same transport what may be tried again there.

    That is the column "retry" of the error table (`mailbridge.errors`). An OutcomeUnknown is tried again
    only where the provider recognises the second send by its key: the message's `idempotency_key`, or what
    the transport puts in its place (`Transport.keyed`). That does not hold for a message that shared its
    call, or that goes out in private copies: their keys are those of whole calls. Of a message that some
    recipients got, only those put off are tried again, each by itself once, and the result is one receipt.

    A server's `retry_after` is waited for, up to 6 hours; if it does not fit into `within`, the error is
    raised at once.

    Args:
        inner: the transport.
        attempts: how many tries altogether.
        within: seconds from the start of the first try; no later one begins after that.
        wait: seconds before the second try at most, doubled for each further one up to 60 (full jitter);
            or a tenacity wait strategy.
        stop: a tenacity stop strategy, instead of `attempts`.
        retry: a tenacity retry strategy: of what may be tried again, try only this.
        random: where jitter comes from, a function like `random.random` (the default); a test gives its
            own, for in a flow nothing may be random.

    Strategies see a `tenacity.RetryCallState` whose times are the driver's clock; a receipt with
    recipients put off is shown to them as a RecipientDeferred.

    >>> from mailbridge.extend import Retry, Transport
    >>> str(Retry(Transport(), attempts=5, within=120.0))
    'retry(://)'
    """

    name = "retry"
    over = Policy.over

    def __init__(
        self,
        inner: Transport,
        *,
        attempts: int = 3,
        within: float = 60.0,
        wait: float | Callable[[RetryCallState], float] = 1.0,
        stop: Callable[[RetryCallState], bool] | None = None,
        retry: Callable[[RetryCallState], bool] | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(inner)
        if attempts < 1:
            raise ConfigError(f"{self.name}: attempts must be at least 1, not {attempts}.")
        self.within = within
        self._wait = wait if callable(wait) else FullJitter(wait, 60.0, random or _random())
        self._stop = stop or (lambda state: state.attempt_number >= attempts)
        self._retry = retry or (lambda state: True)

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Deliver one message, with as many tries as are allowed."""
        return receipt_of((yield from self._outcome(delivery)))

    def send_many(self) -> Flow[None]:
        """Deliver what is pulled; what fails is tried again by itself before more is pulled."""
        return relay(lambda: _Run(self))

    def _outcome(self, delivery: Delivery) -> Flow[Outcome]:
        begun = yield from Now()
        outcome = yield from answer_of(self.members[0], delivery)
        if self.reason(delivery, outcome) is None:
            return outcome
        return (yield from self.persist(delivery, outcome, begun))

    def reason(self, delivery: Delivery, outcome: Outcome) -> MailError | None:
        """Return the error for whose sake there may be another try; None if the outcome is final."""
        if not isinstance(outcome, MailError):
            return put_off(outcome)
        if isinstance(outcome, OutcomeUnknown) and not outcome.shared and self._keyed(delivery.message):
            return outcome
        return outcome if outcome.retryable else None

    def persist(self, delivery: Delivery, outcome: Outcome, begun: float) -> Flow[Outcome]:
        """Go on from the outcome of the first try, which began at `begun`, until it is final or enough."""
        tally = Tally(delivery, keyed=self._keyed(delivery.message))
        tally.add(outcome)
        state = _state(begun)
        while (reason := self.reason(delivery, outcome)) is not None and tally.remaining:
            pause = self._pause(state, reason, (yield from Now()))
            if pause is None:
                break
            yield from Sleep(pause)
            state.idle_for += pause
            state.attempt_number += 1
            outcome = yield from answer_of(self.members[0], tally.rest())
            tally.add(outcome)
        return tally.outcome()

    def _keyed(self, message: Message) -> bool:
        key = message.idempotency_key is not None and "idempotency_key" in self.features
        return (key or self.keyed) and not is_merge(message)

    def _pause(self, state: RetryCallState, reason: MailError, now: float) -> float | None:
        """Return the seconds to wait before another try; None for no other try."""
        state.set_exception((type(reason), reason, reason.__traceback__))
        state.outcome_timestamp = now
        if not self._retry(state):
            return None
        asked = min(max(0.0, reason.retry_after or 0.0), LONGEST)
        state.upcoming_sleep = max(asked, self._wait(state))
        if self._stop(state) or now + state.upcoming_sleep > state.start_time + self.within:
            return None
        return state.upcoming_sleep


def _random() -> Callable[[], float]:
    import random

    return random.random


def _state(begun: float) -> RetryCallState:
    from tenacity import RetryCallState, Retrying

    state = RetryCallState(Retrying(), fn=None, args=(), kwargs={})
    state.start_time = begun
    return state


class _Run(Run):
    """A run that goes on until something may be tried again."""

    __slots__ = ("policy",)

    def __init__(self, policy: Retry) -> None:
        super().__init__(policy.members[0])
        self.policy = policy

    def admit(self, delivery: Delivery) -> Flow[Admission | None]:
        return delivery, (yield _NOW)

    def judge(self, delivery: Delivery, note: Any, outcome: Outcome) -> Outcome | None:
        return outcome if self.policy.reason(delivery, outcome) is None else None

    def settle(self, delivery: Delivery, note: Any, outcome: Outcome | None) -> Flow[Outcome]:
        assert outcome is not None, "every delivery is admitted"  # noqa: S101
        return (yield from self.policy.persist(delivery, outcome, begun=note))
