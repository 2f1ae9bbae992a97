"""`Leases`: the pool of an asynchronous driver, and those who wait in line for a connection."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from mailbridge.drivers.pool import Shelves
from mailbridge.drivers.sync import busy
from mailbridge.flow.operations import Lease, Release


class _Turn:
    """Somebody's place in the line; the future brings what he leases."""

    __slots__ = ("deadline", "future", "op")

    def __init__(self, op: Lease, loop: asyncio.AbstractEventLoop) -> None:
        self.op = op
        self.deadline = loop.time() + op.timeout
        self.future: asyncio.Future[Any] = loop.create_future()


class Leases:
    """What is idle and what is in use, by key. What comes back goes straight to who has waited longest for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.shelves = Shelves()
        self._loop = loop
        self._lines: dict[object, deque[_Turn]] = {}
        self._timer: asyncio.TimerHandle | None = None  # one for all who wait: a timer each costs more than the wait

    def take(self, op: Lease) -> tuple[bool, Any]:
        """Return (granted, idle resource or None); not granted means `wait`."""
        if self.shelves.forked:
            self.shelves.forget()
        return (False, None) if op.key in self._lines else self.shelves.take(op.key, op.limit)

    async def wait(self, op: Lease) -> Any:
        """Return what `take` could not grant, in turn. Raises TimedOut."""
        turn = _Turn(op, self._loop)
        self._lines.setdefault(op.key, deque()).append(turn)
        if self._timer is None or self._timer.when() > turn.deadline:
            self._arm(turn.deadline)
        try:
            return await turn.future
        except asyncio.CancelledError:
            if not turn.future.cancelled() and turn.future.exception() is None:
                self.put(Release(op.key, turn.future.result()))  # it was our turn, and we leave: the next one's, then
            raise
        finally:
            self._leave(turn)

    def put(self, op: Release) -> None:
        """Take a resource back and let the next in line have it."""
        surplus = self.shelves.put(op.key, op.resource)
        for turn in self._lines.get(op.key, ()):
            if not turn.future.done():
                granted, resource = self.shelves.take(op.key, turn.op.limit)
                if granted:
                    turn.future.set_result(resource)
                break
        if surplus is not None:
            surplus.stream.close()

    def _leave(self, turn: _Turn) -> None:
        line = self._lines[turn.op.key]
        line.remove(turn)
        if not line:
            del self._lines[turn.op.key]

    def _arm(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        """Send away those whose time is over, and come back for the next."""
        self._timer = None
        now = self._loop.time()
        waiting = [turn for line in self._lines.values() for turn in line if not turn.future.done()]
        for turn in waiting:
            if turn.deadline <= now:
                turn.future.set_exception(busy(turn.op))
        if left := [turn.deadline for turn in waiting if turn.deadline > now]:
            self._arm(min(left))
