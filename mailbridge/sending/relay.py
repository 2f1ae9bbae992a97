"""`relay`: how a policy stands between its caller and the `send_many` of a transport it is made of.

An inner `send_many` is a flow that pulls deliveries and emits their outcomes in the same order, and
may pull further deliveries before it emits the first (a pipeline). A policy drives it by hand, sees
each Pull and Emit, and hands every other operation to its own driver untouched.

It does so in *runs*. A run goes on, pipelined, for as long as all is well. The first message that
needs a second thought ends it: nothing more is pulled, so that the pipeline drains and its connection
is released, and the messages from that one on are settled one by one. Then the next run begins. So
outcomes stay in order, at most one pipeline of them is held back, and no connection is held while a
policy sleeps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from mailbridge.errors import MailError, OutcomeUnknown
from mailbridge.flow.operations import END, Emit, Flow, Op, Pull
from mailbridge.receipt import Receipt
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.transport import Transport

Admission = tuple[Delivery, Any]


class Run:
    """One run of a transport's `send_many`, seen by a policy; policies override what they care about.

    `limit` ends the run after so many messages; -1 never does.
    """

    __slots__ = ("limit", "transport")

    def __init__(self, transport: Transport, *, limit: int = -1) -> None:
        self.transport = transport
        self.limit = limit

    def admit(self, delivery: Delivery) -> Flow[Admission | None]:
        """Return what travels for this delivery, and a note of the policy's own about it.

        None: it does not travel in this run, which ends; then `settle` gets it, with outcome None.
        """
        return delivery, None
        yield

    def judge(self, delivery: Delivery, note: Any, outcome: Outcome) -> Outcome | None:
        """Return the outcome to report, or None: the run ends, and `settle` finds the outcome."""
        return outcome

    def settle(self, delivery: Delivery, note: Any, outcome: Outcome | None) -> Flow[Outcome]:
        """Find the outcome of one delivery outside the run."""
        raise NotImplementedError(f"{type(self).__name__} defines no settle()")
        yield


def relay(begin: Callable[[], Run]) -> Flow[None]:
    """Deliver all that is pulled, in runs that `begin` begins."""
    while (yield from _through(begin())):
        pass


def _through(run: Run) -> Flow[bool]:
    """Carry out one run and settle what it left; say whether there may be more to send."""
    pulled: deque[tuple[Delivery, Any]] = deque()
    held: list[tuple[Delivery, Any, Outcome, Outcome | None]] = []
    refused: Delivery | None = None
    more = True
    inner = run.transport.send_many()
    resume: Callable[[Any], Op[Any]] = inner.send
    answer: Any = None
    try:
        # The driving of `step`, written out: a generator less for each Pull and each Emit.
        while True:
            try:
                op = resume(answer)
            except StopIteration:
                break
            resume = inner.send
            if type(op) is Emit:
                delivery, note = pulled.popleft()
                verdict = run.judge(delivery, note, op.outcome)
                if held or verdict is None:
                    held.append((delivery, note, op.outcome, verdict))
                else:
                    yield op if verdict is op.outcome else Emit(verdict)
                answer = None
            elif type(op) is not Pull:
                try:
                    answer = yield op
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001  a cancellation too is the inner flow's to see
                    resume, answer = inner.throw, error
            elif held or refused is not None or not more or not run.limit:
                answer = END
            elif (delivery := (yield op)) is END:
                more = False
                answer = END
            elif (admission := (yield from run.admit(delivery))) is None:
                refused = delivery
                answer = END
            else:
                answer = admission[0]
                pulled.append((delivery, admission[1]))
                run.limit -= 1
    finally:
        inner.close()
    for delivery, note in pulled:
        fault = _unanswered(run.transport)
        held.append((delivery, note, fault, run.judge(delivery, note, fault)))
    for delivery, note, outcome, verdict in held:
        yield Emit((yield from run.settle(delivery, note, outcome)) if verdict is None else verdict)
    if refused is not None:
        yield Emit((yield from run.settle(refused, None, None)))
    return more


def step(inner: Flow[None], answer: Any = None) -> Flow[Pull | Emit | None]:
    """Resume an inner `send_many` with `answer` until it pulls or emits; None when it has ended."""
    try:
        op = inner.send(answer)
        while type(op) is not Pull and type(op) is not Emit:
            try:
                answer = yield op
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001  a cancellation too is the inner flow's to see
                op = inner.throw(error)
            else:
                op = inner.send(answer)
        return op
    except StopIteration:
        return None


def answer_of(transport: Transport, delivery: Delivery) -> Flow[Outcome]:
    """Send one delivery through `transport` and return its Receipt, or its MailError instead of raising it.

    As a value the error has no traceback: that would hold every frame up to the caller's, and so the message.
    """
    try:
        return (yield from transport.send(delivery))
    except MailError as error:
        return error.with_traceback(None)


def receipt_of(outcome: Outcome) -> Receipt:
    """Return a receipt; raise an error.

    Whoever calls it keeps the outcome in no variable: the traceback holds the frame, so the frame must not hold
    the error, or the message stays in memory until the next garbage collection.
    """
    if isinstance(outcome, MailError):
        try:
            raise outcome
        finally:
            del outcome
    receipt: Receipt = outcome
    return receipt


def _unanswered(transport: Transport) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"The transport {transport} ended without saying what became of this message. "
        "This is a fault in the transport; whether the message was sent is unknown.",
        transport=str(transport),
    )
