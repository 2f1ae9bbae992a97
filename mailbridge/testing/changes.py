"""`Changes`: wakes those who wait for a mail, be they threads or event loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition

__all__ = ["Changes"]


class Changes:
    """Counts what has happened, and tells whoever waits; safe to use from any thread.

    A holder of mails calls `announce` after each change. Who waits asks for `count` first and looks at the
    mails then, so that no change between looking and waiting is lost.
    """

    def __init__(self) -> None:
        self._condition = Condition()
        self._count = 0
        self._bells: list[Callable[[], object]] = []

    @property
    def count(self) -> int:
        """How many changes there were."""
        return self._count

    def announce(self) -> None:
        """Say that something has changed."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()
            for ring in self._bells:
                ring()

    def wait(self, seen: int, timeout: float) -> bool:
        """Block until there were more changes than `seen`, at most `timeout` seconds; return whether there were."""
        with self._condition:
            return self._condition.wait_for(lambda: self._count > seen, timeout)

    @contextmanager
    def ringing(self, ring: Callable[[], object]) -> Iterator[None]:
        """Have `ring` called at each change, in the thread that makes it; it must not wait for anything.

        After the block it is not called any more.
        """
        with self._condition:
            self._bells.append(ring)
        try:
            yield
        finally:
            with self._condition:
                self._bells.remove(ring)
