"""Which records are mailed at once, and which are only counted."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbridge.logging.repetition import Digest, Repetitions, kind_of


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_first_of_a_kind_is_mailed_and_the_rest_counted(clock: Clock) -> None:
    repetitions = Repetitions(60.0, 10, clock)
    assert [repetitions.admit(kind, kind.upper()) for kind in ("a", "a", "b", "a", "b")] == [
        True, False, True, False, False,
    ]  # fmt: skip
    clock.now = 60.0
    assert repetitions.close() == Digest(60.0, {"A": 2, "B": 1}, 0)


def test_the_window_opens_with_the_first_record_and_closes_in_its_time(clock: Clock) -> None:
    repetitions = Repetitions(60.0, 10, clock)
    assert repetitions.remaining() is None
    clock.now = 100.0
    repetitions.admit("a", "A")
    repetitions.admit("a", "A")
    clock.now = 159.9
    assert repetitions.close() is None
    assert repetitions.remaining() == pytest.approx(0.1)
    clock.now = 160.0
    assert repetitions.close() == Digest(60.0, {"A": 1}, 0)
    assert repetitions.admit("a", "A"), "in a new window a record is mailed again"


def test_nothing_is_told_of_a_window_in_which_nothing_was_counted(clock: Clock) -> None:
    repetitions = Repetitions(60.0, 10, clock)
    repetitions.admit("a", "A")
    assert repetitions.close(early=True) is None
    assert repetitions.close(early=True) is None


def test_beyond_the_limit_kinds_are_counted_together(clock: Clock) -> None:
    repetitions = Repetitions(60.0, 2, clock)
    assert [repetitions.admit(n, str(n)) for n in range(5)] == [True, True, False, False, False]
    assert repetitions.close(early=True) == Digest(0.0, {}, 3)


@settings(deadline=None)
@given(st.lists(st.integers(0, 9)), st.integers(1, 5))
def test_no_record_is_lost_and_no_more_are_mailed_than_allowed(kinds: list[int], limit: int) -> None:
    repetitions = Repetitions(60.0, limit, lambda: 0.0)
    mailed = sum(repetitions.admit(kind, str(kind)) for kind in kinds)
    digest = repetitions.close(early=True)
    assert mailed <= limit
    assert mailed + (digest.total if digest else 0) == len(kinds)


def record(error: BaseException | None = None, **more: Any) -> logging.LogRecord:
    trouble = (type(error), error, error.__traceback__) if error else None
    fields: dict[str, Any] = {"name": "shop", "level": logging.ERROR, "pathname": "shop.py", "lineno": 1}
    return logging.LogRecord(**{**fields, **more}, msg="boom", args=(), exc_info=trouble)


def raised(function: Callable[[], object]) -> BaseException:
    try:
        function()
    except Exception:  # noqa: BLE001 -- the point of it
        return sys.exc_info()[1] or AssertionError
    raise AssertionError("nothing was raised")


class TestKind:
    def test_records_of_one_place_are_of_one_kind_whatever_they_say(self) -> None:
        other = record()
        other.msg = "bang"
        assert kind_of(record()) == kind_of(other)

    @pytest.mark.parametrize(
        "more", [{"name": "blog"}, {"lineno": 2}, {"pathname": "x.py"}, {"level": logging.CRITICAL}]
    )
    def test_records_of_different_places_are_not(self, more: dict[str, Any]) -> None:
        assert kind_of(record()) != kind_of(record(**more))

    def test_what_was_raised_and_where_tells_apart_what_one_line_logs(self) -> None:
        """Flask logs the exceptions of all views by one line."""
        first, second = raised(lambda: 1 / 0), raised(lambda: int("x"))
        third = raised(lambda: 1 / 0)
        assert kind_of(record(first)) == kind_of(record(first))
        assert len({kind_of(record(each)) for each in (first, second, third)}) == 3
