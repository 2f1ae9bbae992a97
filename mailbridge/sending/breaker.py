"""`Breaker`: leaves a failing transport alone for a while, then tries it with one message.

It is closed (every message may pass), or it rests until a time. After that time one message at a time
may pass, the probe: if it gets through, the breaker is closed again, else it rests once more.

What counts is the health of the transport, never the fate of a message. The column "trips breaker" of
the error table (`mailbridge.errors`) says what an error means:

- `no`: the transport answered about the message, its sender or its recipients. A sign of life.
- `yes`: one failure; `failures` of them with no sign of life between open the breaker for `cooldown`.
- `soft` (slow down): it rests for as long as it asked; if it named no time, this is one failure.
- `long` (wrong configuration): it rests for `long_cooldown` at once, for the second login with a
  wrong password may be the one that locks the account.

Threads share a breaker without a lock. Each change is one assignment, `append`, `pop` or `clear`, which
CPython does not interrupt, and a visitor's news counts only if the breaker is still in the state in which
the visit began: who logged in before the password was changed says nothing about the next login. Two
threads that open it at the same moment may set either of their two times.
"""

from __future__ import annotations

from mailbridge.errors import MailError

MAX_REST = 6 * 3600.0  # seconds; no server's wish counts for longer


class Closed:
    """The state in which every message may pass; `failed` has one entry for each failure in a row."""

    __slots__ = ("failed",)

    def __init__(self) -> None:
        self.failed: list[None] = []


class Rest:
    """The state in which the transport is left alone until a time; `probes` holds the right to the probe."""

    __slots__ = ("probes", "reason", "until")

    def __init__(self, until: float, reason: MailError) -> None:
        self.until = until
        self.reason = type(reason).__name__  # not the error itself: that speaks of another message
        self.probes = [None]


class Breaker:
    """Counts failures of one transport, and says when it may be used.

    Times are readings of the monotonic clock (`Now`).

    Args:
        failures: so many in a row open it.
        cooldown: seconds of rest.
        long_cooldown: seconds of rest after an error in the configuration.
    """

    __slots__ = ("cooldown", "failures", "long_cooldown", "state")

    def __init__(self, *, failures: int = 3, cooldown: float = 30.0, long_cooldown: float = 600.0) -> None:
        self.failures = failures
        self.cooldown = cooldown
        self.long_cooldown = long_cooldown
        self.state: Closed | Rest = Closed()

    def fresh(self) -> Breaker:
        """Return a breaker of the same patience that has seen nothing."""
        return Breaker(failures=self.failures, cooldown=self.cooldown, long_cooldown=self.long_cooldown)

    @property
    def closed(self) -> bool:
        """Whether every message may pass."""
        return isinstance(self.state, Closed)

    @property
    def rests_until(self) -> float:
        """When the rest ends; 0.0 without one."""
        state = self.state
        return state.until if isinstance(state, Rest) else 0.0

    @property
    def reason(self) -> str:
        """The name of the error that opened it, or an empty string."""
        state = self.state
        return state.reason if isinstance(state, Rest) else ""

    def due(self, now: float) -> bool:
        """Whether a message may pass now, be it as the probe."""
        state = self.state
        return isinstance(state, Closed) or (now >= state.until and bool(state.probes))

    def enter(self, now: float, *, insist: bool = False) -> Visit | None:
        """Begin a visit if one is due; `insist` begins one in any case."""
        state = self.state
        if isinstance(state, Closed):
            return Visit(self, state)
        if now >= state.until:
            try:
                state.probes.pop()
            except IndexError:
                pass
            else:
                return Visit(self, state, probing=True)
        return Visit(self, state) if insist else None


class Visit:
    """One use of a transport, from asking its breaker to telling it what came of it."""

    __slots__ = ("breaker", "probing", "state")

    def __init__(self, breaker: Breaker, state: Closed | Rest, *, probing: bool = False) -> None:
        self.breaker = breaker
        self.state = state
        self.probing = probing

    @property
    def current(self) -> bool:
        """Whether the breaker is still in the state in which the visit began."""
        return self.breaker.state is self.state

    def alive(self) -> None:
        """Tell that the transport answered."""
        if isinstance(self.state, Closed):
            if self.state.failed:
                self.state.failed.clear()
        elif self.current:
            self.breaker.state = Closed()

    def failed(self, error: MailError, now: float) -> None:
        """Tell of an error, at the time `now`."""
        if error.trips_breaker != "no":
            if self.current and (rest := self._rest_after(error)):
                self.breaker.state = Rest(now + rest, error)
        elif error.phase == "build":  # found before any I/O, which says nothing about the transport
            self.abandoned()
        else:
            self.alive()

    def abandoned(self) -> None:
        """Tell that nothing was learnt; the right to the probe goes back."""
        if self.probing and isinstance(self.state, Rest):
            self.state.probes.append(None)

    def _rest_after(self, error: MailError) -> float:
        """Return the seconds of rest that this error earns; 0 for none."""
        breaker = self.breaker
        if error.trips_breaker == "long":
            return breaker.long_cooldown
        if error.trips_breaker == "soft" and error.retry_after is not None and error.retry_after > 0:
            return min(error.retry_after, MAX_REST)
        if isinstance(self.state, Rest):
            return breaker.cooldown
        self.state.failed.append(None)
        return breaker.cooldown if len(self.state.failed) >= breaker.failures else 0.0
