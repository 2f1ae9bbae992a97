"""`Bucket`: a token bucket that hands out times instead of tokens."""

from __future__ import annotations

_TICK = 1e-6  # seconds; what is less comes of adding up fractions


class _Slot:
    """One reserved time; `next` will hold the slot behind it, under the key None."""

    __slots__ = ("next", "time")

    def __init__(self, time: float) -> None:
        self.time = time
        self.next: dict[None, _Slot] = {}


class Bucket:
    """Reserves a time for each message: `rate` of them a second, up to `burst` at once after a pause.

    Whoever has reserved a time only has to wait for it; nothing is given back, and nobody else has to
    know. (The generic cell rate algorithm: a full bucket is a schedule `burst - 1` messages behind.)

    Threads share it without a lock: the slots are a linked list, and `dict.setdefault` on the last one,
    which CPython does in one step, decides which of two threads has the next slot. The loser tries behind it.

    Times are readings of the monotonic clock, in seconds.
    """

    __slots__ = ("_interval", "_last", "_slack", "burst", "rate")

    def __init__(self, rate: float, burst: int = 1) -> None:
        self.rate = rate
        self.burst = burst
        self._interval = 1 / rate
        self._slack = (burst - 1) * self._interval
        self._last = _Slot(float("-inf"))

    def fresh(self) -> Bucket:
        """Return a bucket of the same rate in which nothing is reserved."""
        return Bucket(self.rate, self.burst)

    def wait(self, now: float) -> float:
        """Return how many seconds a message would have to wait now."""
        return max(0.0, self._behind(self._last, now) - now)

    def reserve(self, now: float, longest: float) -> float | None:
        """Reserve the next time, and return the seconds until then.

        None, and no reservation, if that would be more than `longest`.
        """
        while True:
            last = self._last
            slot = _Slot(self._behind(last, now))
            wait = slot.time - now
            if wait > longest + _TICK:
                return None
            self._last = taken = last.next.setdefault(None, slot)
            if taken is slot:
                return wait if wait > _TICK else 0.0

    def _behind(self, last: _Slot, now: float) -> float:
        return max(last.time + self._interval, now - self._slack)
