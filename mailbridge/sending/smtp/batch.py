"""`Batch`: what `send_many` draws deliveries from and hands outcomes to, in the caller's order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from copy import copy
from typing import cast

from mailbridge.errors import MailError
from mailbridge.flow.operations import END, PULL, Emit, Flow, Now, Wall
from mailbridge.receipt import Attempt, Receipt
from mailbridge.sending.attempt import announce
from mailbridge.sending.delivery import Delivery
from mailbridge.sending.smtp.job import Job
from mailbridge.smtp.pipeline import SLOW
from mailbridge.smtp.session import Session
from mailbridge.smtp.transaction import Transaction

_NOW = Now()


class Batch:
    """The feed of a pipeline (see `mailbridge.smtp.pipeline.Feed`).

    Deliveries come from `Pull`; those that a dying connection cut off, and those with recipients left,
    come again before new ones are pulled. Outcomes are emitted in the order of the pulls.
    """

    def __init__(self, shown: str, receipt: Callable[[Job], Receipt], full: Callable[[Session], bool]) -> None:
        self._shown = shown
        self._receipt = receipt
        self._full = full
        self._first: Delivery | None = None
        self._again: deque[Job] = deque()
        self._order: deque[Job] = deque()
        self._skew = 0.0  # wall clock minus monotonic clock
        self.slow = False

    def waiting(self) -> Flow[Delivery | None]:
        """Return the delivery that needs a connection next, or None when everything is done."""
        if self._again:
            return self._again[0].delivery
        if self._first is None:
            asked: float = yield _NOW
            pulled = yield PULL
            if pulled is END:
                return None
            self._first = pulled
            now: float = yield _NOW
            self.slow = now - asked > SLOW
            self._skew = (yield Wall()) - now
        return self._first

    def next(self, session: Session) -> Flow[Transaction | None]:
        """Return the next transaction, addressed for this session, or None to end."""
        while not self._full(session):
            job = self._again.popleft() if self._again else None
            fresh = False
            if job is None:
                delivery = self._first
                if delivery is None:
                    delivery = yield PULL
                    if delivery is END:
                        return None
                    fresh = True
                self._first = None
                job = Job(delivery)
                self._order.append(job)
            if job.delivery.observed and not job.announced:
                yield from self._announce(job)
            try:
                transaction = job.begin_plainly(session) or (yield from job.begin(session))
            except MailError as error:
                yield from self._fail(job, error)
                continue
            transaction.fresh = fresh
            return transaction
        return None

    def done(self, transaction: Transaction) -> Flow[None]:
        """Take a transaction that is over, for good or ill."""
        job: Job = transaction.job
        if job.begun < 0:
            job.begun = transaction.begun
        if job.settle(transaction):
            return self._over(job, transaction.ended, transaction.code)
        self._again.append(job)
        return _nothing()

    def again(self, transaction: Transaction) -> None:
        """Take back a transaction that was not begun, or that a dying connection cut off harmlessly."""
        transaction.job.resent = transaction.resent
        self._again.append(transaction.job)

    def fail(self, error: MailError) -> Flow[None]:
        """Fail the delivery that waits, because there is no connection for it."""
        if self._again:
            job = self._again.popleft()
        else:
            job = Job(cast("Delivery", self._first))
            self._first = None
            self._order.append(job)
        yield from self._fail(job, copy(error))

    def _announce(self, job: Job) -> Flow[None]:
        job.announced = True
        begun = (yield _NOW) + self._skew
        yield from announce(job.delivery, Attempt(len(job.delivery.attempts) + 1, self._shown, begun))

    def _fail(self, job: Job, error: MailError) -> Flow[None]:
        if job.delivery.observed and not job.announced:
            yield from self._announce(job)
        job.fail(error)
        yield from self._over(job, (yield _NOW), error.code)

    def _over(self, job: Job, now: float, code: int | None) -> Flow[None]:
        """Note the outcome of a job, then emit what is complete, oldest first."""
        delivery, error = job.delivery, job.error
        attempts = delivery.attempts
        begun = job.begun if job.begun >= 0 else now
        failed = (error.code, type(error).__name__, error.text) if error is not None else (code, "", "")
        attempt = Attempt(len(attempts) + 1, self._shown, begun + self._skew, (now - begun) * 1000, *failed)
        attempts.append(attempt)
        if delivery.observed:
            yield from announce(delivery, attempt)
        if error is None:
            job.outcome = self._receipt(job)
        else:
            error.transport = self._shown
            error.attempts = tuple(attempts)
            job.outcome = error
        order = self._order
        while order and order[0].outcome is not None:
            yield Emit(order.popleft().outcome)


def _nothing() -> Flow[None]:
    return
    yield
