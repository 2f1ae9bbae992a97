"""`RoundRobin`: transports that share the work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from math import gcd
from typing import TYPE_CHECKING, Self

from mailbridge.errors import ConfigError
from mailbridge.sending.failover import Failover, Member
from mailbridge.sending.relay import Run
from mailbridge.sending.transport import Transport

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    class Options(TypedDict, total=False):
        """The options of a Failover."""

        failures: int
        cooldown: float
        long_cooldown: float
        refusals: bool
        duplicates: bool


_MOST = 1000  # a weight beyond this is a mistake, and would make a long table


class RoundRobin(Failover):
    """Delivers through its members in turn; a member that fails is stood in for as in a Failover.

    Args:
        members: transports.
        weights: how many turns each member gets; by default one each. `(3, 1)` goes a, a, b, a.
        turn: how many messages of one `send_many` go to a member in its turn, so that its connection
            can carry several at a time; `send` takes a turn for each message.
        options: those of `Failover`.

    >>> from mailbridge.extend import RoundRobin, Transport
    >>> str(RoundRobin(Transport(), Transport(), weights=(3, 1)))
    'roundrobin(://, ://)'
    """

    name = "roundrobin"

    def __init__(
        self, *members: Transport, weights: Iterable[int] | None = None, turn: int = 50, **options: Unpack[Options]
    ) -> None:
        super().__init__(*members, **options)
        self.turn = turn
        self._rotation = rotation(_checked(weights, len(members)))
        self._position = count()

    def over(self, *members: Transport) -> Self:
        """Return the same policy over other members, beginning with the first."""
        made = super().over(*members)
        made._position = count()
        return made

    def order(self) -> Sequence[Member]:
        """Return the members, beginning with the one whose turn it is."""
        # next() of a count is one step to CPython: two threads never get the same turn.
        first = self._rotation[next(self._position) % len(self._rotation)]
        return self._team[first:] + self._team[:first]

    def _begin(self) -> Run:
        run = super()._begin()
        run.limit = self.turn
        return run


def rotation(weights: Sequence[int]) -> tuple[int, ...]:
    """Return the indexes of the members in the order of their turns, each member's spread evenly.

    >>> rotation((3, 1))
    (0, 0, 1, 0)
    """
    shares = [weight // gcd(*weights) for weight in weights]
    credit = [0] * len(shares)
    turns = []
    for _ in range(sum(shares)):
        credit = [left + share for left, share in zip(credit, shares, strict=True)]
        chosen = credit.index(max(credit))
        credit[chosen] -= sum(shares)
        turns.append(chosen)
    return tuple(turns)


def _checked(weights: Iterable[int] | None, members: int) -> tuple[int, ...]:
    found = (1,) * members if weights is None else tuple(weights)
    if len(found) != members or not all(1 <= weight <= _MOST for weight in found):
        raise ConfigError(
            f"roundrobin: weights must be {members} whole numbers from 1 to {_MOST}, one for each transport."
        )
    return found
