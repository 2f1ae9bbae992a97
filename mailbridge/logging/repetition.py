"""`Repetitions`: which records are mailed at once, and which are only counted.

The first record that is mailed opens a window of time. Within it, each further *kind* of record is mailed once, up
to a limit; the rest is counted, and told in one mail when the window closes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from typing import NamedTuple


class Digest(NamedTuple):
    """What was only counted in a window of so many `seconds`: kinds by their summary, and how many of `others`."""

    seconds: float
    more: dict[str, int]
    others: int

    @property
    def total(self) -> int:
        """How many records there were."""
        return sum(self.more.values()) + self.others


class Repetitions:
    """Counts the records of one handler, for any number of threads.

    Args:
        interval: how long a window lasts, in seconds.
        limit: how many records are mailed in a window.
        clock: says the time, in seconds.

    >>> repetitions = Repetitions(60.0, 10, iter([0.0, 1.0, 61.0]).__next__)
    >>> [repetitions.admit("boom", "ERROR: boom") for _ in range(3)]
    [True, False, False]
    >>> repetitions.close(), repetitions.close()
    (None, Digest(seconds=61.0, more={'ERROR: boom': 2}, others=0))
    """

    def __init__(self, interval: float, limit: int, clock: Callable[[], float]) -> None:
        self.interval = interval
        self._limit = limit
        self._clock = clock
        self._opened: float | None = None
        self._mailed: dict[Hashable, str] = {}
        self._more: dict[str, int] = {}
        self._others = 0
        self._changing = threading.Lock()

    def admit(self, kind: Hashable, summary: str) -> bool:
        """Say whether a record is to be mailed now, and count it if not."""
        with self._changing:
            if self._opened is None:
                self._opened = self._clock()
            if kind in self._mailed:
                summary = self._mailed[kind]
                self._more[summary] = self._more.get(summary, 0) + 1
                return False
            if len(self._mailed) >= self._limit:
                self._others += 1
                return False
            self._mailed[kind] = summary
            return True

    def remaining(self) -> float | None:
        """Return for how many seconds the window stays open; None if there is none."""
        opened = self._opened
        return None if opened is None else max(opened + self.interval - self._clock(), 0.0)

    def close(self, *, early: bool = False) -> Digest | None:
        """Close the window if its time has come, or `early`; return what was counted in it, if anything was."""
        with self._changing:
            if self._opened is None:
                return None
            passed = self._clock() - self._opened
            if passed < self.interval and not early:
                return None
            digest = Digest(passed, self._more, self._others)
            self._opened, self._mailed, self._more, self._others = None, {}, {}, 0
            return digest if digest.total else None


def kind_of(record: logging.LogRecord) -> Hashable:
    """Return what records have in common that say the same: where they were logged, and what was raised where."""
    place: tuple[object, ...] = (record.name, record.levelno, record.pathname, record.lineno)
    if not record.exc_info or record.exc_info[0] is None:
        return place
    trace = record.exc_info[2]
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    raised = (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace is not None else ()
    return (*place, record.exc_info[0].__qualname__, *raised)
