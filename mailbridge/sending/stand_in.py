"""`StandIn`: what takes the place of a transport that must not send."""

from __future__ import annotations

from collections.abc import Callable

from mailbridge.flow.operations import Flow
from mailbridge.receipt import Receipt
from mailbridge.sending.attempt import attempted
from mailbridge.sending.delivery import Delivery
from mailbridge.sending.policy import Policy
from mailbridge.sending.transport import Transport, Verification


class StandIn(Transport):
    """A transport in the place of another one: with its features, its lanes and its checks, but without its reach.

    A message that the original would refuse by itself (too large, too many recipients, data that its API has
    no place for) is refused in the same way. Subclasses define `take`, and `word`, which says in receipts
    and errors that it was not the original: `mailbox(smtp://mail.example.com:587)`.
    """

    word = "diverted"
    reach = "nobody"

    def __init__(self, original: Transport) -> None:
        self.original = original
        self.features = original.features
        self.lanes = original.lanes
        self.keyed = original.keyed

    def take(self, delivery: Delivery, mime: bytes | None) -> Flow[Receipt]:
        """Do what is done instead of sending; raise a MailError when no recipient was accepted.

        `mime` is the rendered form, where the original sends one and can tell before it has a connection.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no take()")
        yield

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Check one message as the original would, and take it."""
        return attempted(self, delivery, self._taken(delivery))

    def verify(self) -> Flow[Verification]:
        """Verify the original: that sends nothing."""
        return self.original.verify()

    def _taken(self, delivery: Delivery) -> Flow[Receipt]:
        mime = yield from self.original.rehearse(delivery)
        return (yield from self.take(delivery, mime))

    def __str__(self) -> str:
        return f"{self.word}({self.original})"


def replaced(transport: Transport, replace: Callable[[Transport], Transport]) -> Transport:
    """Return a transport whose leaves are what `replace` makes of the original's, under the same policies.

    The policies are new: their breakers and rates know nothing of what the originals did, and tell them
    nothing. A policy that does not say how it is made `over` other members is replaced like a leaf, as one whole.

    >>> from mailbridge.extend import Failover, Transport
    >>> str(replaced(Failover(Transport(), Transport()), StandIn))
    'failover(diverted(://), diverted(://))'
    """
    # Its own `over`: a subclass that keeps its members in a second place would send through that.
    if isinstance(transport, Policy) and "over" in vars(type(transport)):
        return transport.over(*(replaced(member, replace) for member in transport.members))
    return replace(transport)
