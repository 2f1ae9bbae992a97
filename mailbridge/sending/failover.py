"""`Failover`: the first transport that works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from mailbridge.errors import ConnectFailed, MailError, OutcomeUnknown, Unsupported
from mailbridge.flow.operations import Flow, Now
from mailbridge.message import features
from mailbridge.receipt import Receipt
from mailbridge.sending.breaker import Breaker, Visit
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.policy import Policy, with_others
from mailbridge.sending.relay import Admission, Run, answer_of, receipt_of, relay
from mailbridge.sending.transport import Transport
from mailbridge.sending.unsupported import unsupported

if TYPE_CHECKING:
    from typing import TypeGuard


class Member:
    """One transport of a Failover or a RoundRobin, with its breaker, and what it lacks that others have."""

    __slots__ = ("breaker", "lacks", "transport")

    def __init__(self, transport: Transport, breaker: Breaker, offered: frozenset[str]) -> None:
        self.transport = transport
        self.breaker = breaker
        self.lacks = offered - transport.features - features.ADVISORY

    def objection(self, delivery: Delivery) -> Unsupported | None:
        """Return why this member is not the one for a message, if it is not."""
        if self.lacks and (missing := self.lacks & delivery.asked.features):
            return unsupported(min(missing), self.transport)
        return None


Failure = tuple[Member, MailError]

_HOPE = ("unknown", "retry", "hold", "dead")


class Failover(Policy):
    """Delivers through the first member that can; the others stand in while it cannot.

    Which errors pass a message on is the column "fail over" of the error table (`mailbridge.errors`);
    an OutcomeUnknown never does by itself, for that could send a second copy. A member that fails
    again and again is left alone (`mailbridge.sending.breaker`), then probed with one message at a
    time, so that the preferred one is back in use as soon as it works. If all are left alone, the one
    whose rest ends first is tried all the same.

    If every member fails, the error raised is the one that leaves most hope: one to retry before one
    that waits for a person before a final one; of several such, that of the member tried first. Its
    `hints` say what the others said, its `attempts` are everybody's.

    `features` are those of all members together: a message that one cannot express goes to one that
    can. Except `idempotency_key`, for a key holds at one provider, not across two.

    Args:
        members: transports, the preferred one first.
        failures: how many failures in a row open a member's breaker.
        cooldown: seconds it is then left alone.
        long_cooldown: seconds it is left alone after an error in its configuration.
        refusals: also pass on what a member refuses because of its sender or its content.
        duplicates: also pass on what may have been accepted, at the price of second copies.

    >>> from mailbridge.extend import Failover, Transport
    >>> str(Failover(Transport(), Transport()))
    'failover(://, ://)'
    """

    name = "failover"

    def __init__(
        self,
        *members: Transport,
        failures: int = 3,
        cooldown: float = 30.0,
        long_cooldown: float = 600.0,
        refusals: bool = False,
        duplicates: bool = False,
    ) -> None:
        super().__init__(*members)
        self.features = frozenset().union(*(member.features for member in members)) - {"idempotency_key"}
        self.keyed = False
        # Any lane may end up with any member, and must find a connection there.
        self.lanes = min(member.lanes for member in members)
        self.refusals = refusals
        self.duplicates = duplicates
        self._team = tuple(
            Member(each, Breaker(failures=failures, cooldown=cooldown, long_cooldown=long_cooldown), self.features)
            for each in members
        )

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Deliver one message through the first member that can."""
        return receipt_of((yield from Passage(self, delivery, self.order()).outcome()))

    def send_many(self) -> Flow[None]:
        """Deliver what is pulled, through one member's own `send_many` as long as that one is well."""
        return relay(self._begin)

    def over(self, *members: Transport) -> Self:
        """Return the same policy over other members, all of them thought well."""
        made = super().over(*members)
        made._team = tuple(
            Member(each, known.breaker.fresh(), self.features) for each, known in zip(members, self._team, strict=True)
        )
        return made

    def order(self) -> Sequence[Member]:
        """Return the members in the order in which the next message prefers them."""
        return self._team

    def _begin(self) -> Run:
        return _Run(self, self.order())

    def passes_on(self, outcome: Outcome) -> TypeGuard[MailError]:
        """Whether a message with this outcome may go to another member, if there is one for it."""
        if not isinstance(outcome, MailError):
            return False
        if isinstance(outcome, OutcomeUnknown):
            return self.duplicates
        return outcome.fail_over in ("yes", "declared") or (outcome.fail_over == "configurable" and self.refusals)


class Passage:
    """One message on its way from member to member."""

    __slots__ = ("delivery", "failures", "order", "policy", "resting")

    def __init__(self, policy: Failover, delivery: Delivery, order: Sequence[Member], *failures: Failure) -> None:
        self.policy = policy
        self.delivery = delivery
        self.order = order
        self.failures = list(failures)
        self.resting: list[Member] = []

    def outcome(self) -> Flow[Outcome]:
        """Try the members in order and return what came of it: a receipt, or the error to raise."""
        for member in self.order:
            outcome = yield from self._try(member)
            if outcome is not None:
                return outcome
        self.resting.sort(key=lambda member: member.breaker.rests_until)
        while self.resting and all(isinstance(error, Unsupported) for _, error in self.failures):
            outcome = yield from self._try(self.resting.pop(0), insist=True)
            if outcome is not None:
                return outcome
        return self._most_hopeful()

    def _try(self, member: Member, *, insist: bool = False) -> Flow[Outcome | None]:
        """Try one member; None if the message has to go further."""
        if (objection := member.objection(self.delivery)) is not None:
            self.failures.append((member, objection))
            return None
        now = yield from Now()
        if not insist and not member.breaker.due(now):
            self.resting.append(member)
            return None
        if not (yield from self.may_use(member)):
            return None
        visit = member.breaker.enter(now, insist=insist)
        if visit is None:  # another thread was quicker
            self.resting.append(member)
            return None
        outcome = yield from _visited(visit, member.transport, self.delivery)
        if not self.policy.passes_on(outcome):
            return outcome
        self.failures.append((member, outcome))
        return None

    def may_use(self, member: Member) -> Flow[bool]:
        """Ask whether the message may go to this member after all that happened so far."""
        for _, error in self.failures:
            if isinstance(error, Unsupported) and error.feature not in member.transport.features:
                return False
        hooks = self.delivery.hooks
        if hooks is None or not hooks.has_fallback:
            return True
        source, error = self.failures[-1] if self.failures else self._left_out()
        if member is source:
            return True
        return (yield from hooks.fallback(self.delivery.message, str(source.transport), str(member.transport), error))

    def _left_out(self) -> Failure:
        """Say why the preferred member is not used, if another one is to be."""
        member = self.order[0]
        return member, ConnectFailed(f"{member.transport} is left alone for a while: {member.breaker.reason}.")

    def _most_hopeful(self) -> MailError:
        chosen = min((error for _, error in self.failures), key=lambda error: _HOPE.index(error.outbox))
        chosen.attempts = tuple(self.delivery.attempts)
        return with_others(chosen, [error for _, error in self.failures if error is not chosen])


def _visited(visit: Visit, transport: Transport, delivery: Delivery) -> Flow[Outcome]:
    """Send through a member, and tell its breaker what came of it."""
    try:
        outcome = yield from answer_of(transport, delivery)
        if isinstance(outcome, MailError):
            visit.failed(outcome, (yield from Now()))
        else:
            visit.alive()
    except BaseException:
        visit.abandoned()
        raise
    return outcome


class _Run(Run):
    """A run through the first member that is well.

    It ends when that member fails, or when one that is preferred to it is due for a probe.
    """

    __slots__ = ("member", "order", "policy", "visit")

    def __init__(self, policy: Failover, order: Sequence[Member], *, limit: int = -1) -> None:
        self.policy = policy
        self.order = order
        self.member = next((member for member in order if member.breaker.closed), order[0])
        self.visit = Visit(self.member.breaker, self.member.breaker.state)
        super().__init__(self.member.transport, limit=limit)

    def admit(self, delivery: Delivery) -> Flow[Admission | None]:
        member = self.member
        if not (self.visit.current and member.breaker.closed) or member.objection(delivery) is not None:
            return None
        if member is not self.order[0]:
            now = yield from Now()
            if any(other.breaker.due(now) for other in self.order[: self.order.index(member)]):
                return None
            if not (yield from Passage(self.policy, delivery, self.order).may_use(member)):
                return None
        return delivery, None

    def judge(self, delivery: Delivery, note: Any, outcome: Outcome) -> Outcome | None:
        if not isinstance(outcome, MailError):
            self.visit.alive()
        elif outcome.trips_breaker != "no" or self.policy.passes_on(outcome):
            return None
        else:
            self.visit.failed(outcome, 0.0)  # a sign of life needs no time
        return outcome

    def settle(self, delivery: Delivery, note: Any, outcome: Outcome | None) -> Flow[Outcome]:
        if not isinstance(outcome, MailError):  # not admitted, so not yet tried
            return (yield from Passage(self.policy, delivery, self.order).outcome())
        self.visit.failed(outcome, (yield from Now()))
        if not self.policy.passes_on(outcome):
            return outcome
        others = [member for member in self.order if member is not self.member]
        return (yield from Passage(self.policy, delivery, others, (self.member, outcome)).outcome())
