"""`Guard`: keeps messages from people who must not get them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from mailbridge.flow.operations import Flow
from mailbridge.message.address import AddressLike
from mailbridge.receipt import Receipt
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.policy import Policy
from mailbridge.sending.redirection import Redirection
from mailbridge.sending.relay import Admission, Run, answer_of, receipt_of, relay
from mailbridge.sending.rules import Rules
from mailbridge.sending.transport import Transport


class Guard(Policy):
    """Sends messages to somebody else, or to nobody: for staging, and for people who must not be mailed.

    A redirected message goes to the `redirect` addresses in place of its own recipients, whose addresses
    are then neither in the envelope nor in To, Cc or Bcc; the header `X-Original-Recipients` names them.
    (Blind recipients are left out there when others than the redirect addresses get the message too.)
    Data by recipient follows: a redirect address gets that of the first recipient redirected to it.

    The receipt speaks of the original recipients, in the caller's spelling: their rows say where they
    were redirected to, or that they were suppressed and why (the send path tells observers of it, once).
    If nobody is left, nothing is sent, and the receipt says so.

    Args:
        inner: the transport.
        redirect: one or several addresses that get everything.
        allow: addresses, or domains as `@example.org`, that are an exception from the redirect; without
            a redirect, all others get nothing.
        block: addresses or domains that get nothing, in any case.

    Raises ConfigError if none of them is given, or one is given and empty.

    >>> from mailbridge.extend import Guard, Transport
    >>> str(Guard(Transport(), redirect="dev@example.com", allow=["@example.com"]))
    'guard(://)'
    """

    name = "guard"
    over = Policy.over

    def __init__(
        self,
        inner: Transport,
        *,
        redirect: AddressLike | Iterable[AddressLike] | None = None,
        allow: str | Iterable[str] | None = None,
        block: str | Iterable[str] | None = None,
    ) -> None:
        super().__init__(inner)
        self.rules = Rules(redirect, allow, block)
        self.headers = "headers" in inner.features

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Deliver one message to those who may get it."""
        redirection = self.redirection(delivery)
        if redirection is None:
            return (yield from self.members[0].send(delivery))
        if redirection.reaches_nobody:
            return self._nobody(delivery, redirection)
        return receipt_of(redirection.told((yield from answer_of(self.members[0], redirection.delivery()))))

    def send_many(self) -> Flow[None]:
        """Deliver what is pulled to those who may get it."""
        return relay(lambda: _Run(self))

    def redirection(self, delivery: Delivery) -> Redirection | None:
        """Return what the rules make of a delivery; None if it may pass as it is."""
        message = delivery.message
        # The headers too: an API is told of recipients by them, and they may name more than the envelope does.
        everybody = chain(delivery.envelope.recipients, message.to, message.cc, message.bcc)
        if all(map(self.rules.stays, everybody)):
            return None
        return Redirection(delivery, self.rules, headers=self.headers)

    def _nobody(self, delivery: Delivery, redirection: Redirection) -> Receipt:
        return Receipt(
            message_id=delivery.message.message_id or "",
            recipients=redirection.rows({}),
            provider=self.name,
            transport=str(self),
            attempts=delivery.attempts,
        )


class _Run(Run):
    """A run of messages that somebody gets; one that nobody gets is answered outside it, without a connection."""

    __slots__ = ("policy",)

    def __init__(self, policy: Guard) -> None:
        super().__init__(policy.members[0])
        self.policy = policy

    def admit(self, delivery: Delivery) -> Flow[Admission | None]:
        redirection = self.policy.redirection(delivery)
        if redirection is None:
            return delivery, None
        if redirection.reaches_nobody:
            return None
        return redirection.delivery(), redirection
        yield

    def judge(self, delivery: Delivery, note: Redirection | None, outcome: Outcome) -> Outcome:
        return outcome if note is None else note.told(outcome)

    def settle(self, delivery: Delivery, note: object, outcome: Outcome | None) -> Flow[Outcome]:
        return (yield from answer_of(self.policy, delivery))
