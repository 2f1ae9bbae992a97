"""What is to happen to the next requests of a stand-in."""

from __future__ import annotations

from collections.abc import Iterable

from mailbridge.flow.http import HttpResponse
from mailbridge.testing.faults import Planned

__all__ = ["Plan", "Plans"]

Plan = Planned | HttpResponse
"""An error to be caused, or an answer that a test wrote itself."""


class Plans:
    """Plans in their order, each for one request; None is one that succeeds."""

    def __init__(self) -> None:
        self._left: list[Plan | None] = []

    def __len__(self) -> int:
        return len(self._left)

    def add(self, plans: Iterable[Plan | None]) -> None:
        """Add plans to those there are."""
        self._left += plans

    def clear(self) -> None:
        """Forget all of them."""
        self._left.clear()

    def take(self, names: set[str], *, grants: bool) -> Plan | None:
        """Return the first plan that fits a request, which then is done.

        Answers fit whatever wants no token, errors what sends something: to one of those they are about, if
        they are about anybody.

        Args:
            names: the recipients in the request, by `Address.key`; none if it sends nothing.
            grants: whether it wants a token.
        """
        for number, plan in enumerate(self._left):
            if isinstance(plan, HttpResponse):
                fits = not grants
            else:
                fits = bool(names) and (plan is None or not plan.names or not plan.names.isdisjoint(names))
            if fits:
                return self._left.pop(number)
        return None
