"""The breaker: what trips it, how long it rests, and that only one message probes."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from mailbridge import errors
from mailbridge.errors import (
    AuthFailed,
    ConnectFailed,
    MailError,
    MessageInvalid,
    RateLimited,
    RecipientRefused,
    ServerError,
    Unsupported,
)
from mailbridge.sending.breaker import MAX_REST, Breaker, Visit

ERRORS = [getattr(errors, name) for name in errors.__all__]


def entered(breaker: Breaker, now: float, *, insist: bool = False) -> Visit:
    visit = breaker.enter(now, insist=insist)
    assert visit is not None
    return visit


def opened(error: MailError, **options: Any) -> Breaker:
    """Return a breaker that one error opened at the time 100."""
    breaker = Breaker(**{"failures": 1, "cooldown": 30.0, "long_cooldown": 600.0, **options})
    entered(breaker, 100.0).failed(error, 100.0)
    return breaker


@pytest.mark.parametrize("kind", ERRORS, ids=[each.__name__ for each in ERRORS])
def test_the_error_table_says_what_opens_it(kind: type[MailError]) -> None:
    """Column "trips breaker": no never, yes and soft at the threshold, long at once."""
    expected = {"no": [0, 0, 0], "yes": [0, 0, 30], "soft": [0, 0, 30], "long": [600, 600, 600]}
    breaker = Breaker(failures=3, cooldown=30.0, long_cooldown=600.0)
    rests = []
    for _ in range(3):
        entered(breaker, 100.0, insist=True).failed(kind("x", phase="send"), 100.0)
        rests.append(0 if breaker.closed else breaker.rests_until - 100)
    assert rests == expected[kind.trips_breaker]


def test_a_sign_of_life_forgets_earlier_failures() -> None:
    breaker = Breaker(failures=2)
    for news in (ServerError("x"), RecipientRefused("x"), ServerError("x"), None, ServerError("x")):
        visit = entered(breaker, 0.0)
        if news is None:
            visit.alive()
        else:
            visit.failed(news, 0.0)
    assert breaker.closed


@pytest.mark.parametrize("error", [MessageInvalid("x"), Unsupported("x", feature="amp")])
def test_an_error_found_before_any_io_is_no_sign_of_life(error: MailError) -> None:
    breaker = Breaker(failures=2)
    for news in (ServerError("x"), error, ServerError("x")):
        entered(breaker, 0.0).failed(news, 0.0)
    assert not breaker.closed


@pytest.mark.parametrize(
    ("asked", "rest"),
    [(120.0, 120.0), (1e12, MAX_REST), (0.0, 30.0), (-1.0, 30.0), (float("nan"), 30.0), (None, 30.0)],
)
def test_a_member_that_asks_to_slow_down_rests_as_long_as_it_asked(asked: float | None, rest: float) -> None:
    assert opened(RateLimited("x", retry_after=asked)).rests_until == 100.0 + rest


def test_nobody_passes_while_it_rests_unless_he_insists() -> None:
    breaker = opened(ConnectFailed("x"))
    assert breaker.enter(129.9) is None
    assert not breaker.due(129.9)
    assert breaker.reason == "ConnectFailed"
    entered(breaker, 129.9, insist=True).alive()
    assert breaker.closed


def test_one_probe_at_a_time_and_its_success_closes() -> None:
    breaker = opened(ConnectFailed("x"))
    assert breaker.due(130.0)
    probe = entered(breaker, 130.0)
    assert breaker.enter(130.0) is None
    assert not breaker.due(1e9)
    probe.alive()
    assert breaker.closed


def test_a_failed_probe_rests_again_at_once() -> None:
    breaker = opened(ConnectFailed("x"))
    entered(breaker, 130.0).failed(ServerError("x"), 131.0)
    assert breaker.rests_until == 161.0


def test_a_probe_refused_for_the_recipients_sake_closes() -> None:
    breaker = opened(ConnectFailed("x"))
    entered(breaker, 130.0).failed(RecipientRefused("x"), 131.0)
    assert breaker.closed


@pytest.mark.parametrize(
    "end", [lambda probe: probe.abandoned(), lambda probe: probe.failed(MessageInvalid("x"), 131.0)]
)
def test_a_probe_that_learnt_nothing_lets_the_next_one_try(end: Any) -> None:
    breaker = opened(ConnectFailed("x"))
    end(entered(breaker, 130.0))
    assert breaker.due(131.0)
    assert entered(breaker, 131.0).probing


def test_late_news_from_before_the_rest_changes_nothing() -> None:
    breaker = Breaker(failures=1, cooldown=30.0, long_cooldown=600.0)
    early, other = entered(breaker, 0.0), entered(breaker, 0.0)
    entered(breaker, 0.0).failed(AuthFailed("x"), 10.0)
    early.alive()
    other.failed(ServerError("x"), 20.0)
    assert breaker.rests_until == 610.0


class BreakerAgainstModel(RuleBasedStateMachine):
    """Compares the breaker with a model that keeps a count, a time, and the number of its state's era."""

    visits = Bundle("visits")

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(failures=3, cooldown=30.0, long_cooldown=600.0)
        self.now = 1000.0
        self.failed = 0
        self.until: float | None = None  # None: closed
        self.probe_out = False
        self.era = 0

    def _change(self, until: float | None) -> None:
        self.until, self.failed, self.probe_out = until, 0, False
        self.era += 1

    @rule(seconds=st.sampled_from([0.0, 1.0, 29.0, 30.0, 600.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=visits, insist=st.booleans())
    def enter(self, insist: bool) -> Any:
        free = self.until is None or (self.now >= self.until and not self.probe_out)
        assert self.breaker.due(self.now) == free
        visit = self.breaker.enter(self.now, insist=insist)
        assert (visit is not None) == (free or insist)
        if visit is None:
            return multiple()
        assert visit.probing == (free and self.until is not None)
        self.probe_out = self.probe_out or visit.probing
        return visit, self.era

    @rule(entry=consumes(visits), error=st.sampled_from([None, RecipientRefused("x")]))
    def answers(self, entry: Any, error: MailError | None) -> None:
        visit, era = entry
        if error is None:
            visit.alive()
        else:
            visit.failed(error, self.now)
        if era == self.era:
            self.failed = 0
            if self.until is not None:
                self._change(None)

    @rule(
        entry=consumes(visits),
        error=st.sampled_from([ServerError("x"), RateLimited("x"), RateLimited("x", retry_after=5.0), AuthFailed("x")]),
    )
    def fails(self, entry: Any, error: MailError) -> None:
        visit, era = entry
        visit.failed(error, self.now)
        if era != self.era:
            return
        self.failed += 1
        if error.trips_breaker == "long":
            self._change(self.now + 600.0)
        elif error.retry_after:
            self._change(self.now + error.retry_after)
        elif self.until is not None or self.failed == 3:
            self._change(self.now + 30.0)

    @rule(entry=consumes(visits), error=st.sampled_from([None, MessageInvalid("x")]))
    def learns_nothing(self, entry: Any, error: MailError | None) -> None:
        visit, era = entry
        if error is None:
            visit.abandoned()
        else:
            visit.failed(error, self.now)
        if visit.probing and era == self.era:
            self.probe_out = False

    @invariant()
    def agrees(self) -> None:
        assert self.breaker.closed == (self.until is None)
        assert self.breaker.rests_until == (self.until or 0.0)


TestBreakerAgainstModel = BreakerAgainstModel.TestCase
TestBreakerAgainstModel.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)


def test_of_many_threads_one_probes() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(50):
            breaker = opened(ConnectFailed("x"))
            start = threading.Barrier(8)
            probes: list[Visit | None] = []

            def probe(breaker: Breaker = breaker, start: threading.Barrier = start, to: Any = probes.append) -> None:
                start.wait()
                to(breaker.enter(200.0))

            threads = [threading.Thread(target=probe) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sum(visit is not None for visit in probes) == 1
    finally:
        sys.setswitchinterval(interval)
