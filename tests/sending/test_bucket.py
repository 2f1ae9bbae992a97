"""The bucket: reserved times, a rate that holds over every window, and threads that never share a slot."""

from __future__ import annotations

import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.sending.bucket import Bucket

FOREVER = float("inf")


def reserved(bucket: Bucket, *times: float) -> list[float | None]:
    return [bucket.reserve(time, FOREVER) for time in times]


@pytest.mark.parametrize(
    ("burst", "times", "waits"),
    [
        pytest.param(1, [0, 0, 0], [0, 1, 2], id="one at a time"),
        pytest.param(3, [0, 0, 0, 0, 0], [0, 0, 0, 1, 2], id="a burst, then the rate"),
        pytest.param(3, [0, 0, 0, 2, 2, 2], [0, 0, 0, 0, 0, 1], id="two seconds refill two"),
        pytest.param(2, [0, 1000, 1000, 1000], [0, 0, 0, 1], id="a pause fills it no further than the burst"),
        pytest.param(1, [0, 0.25, 0.5, 5], [0, 0.75, 1.5, 0], id="between the slots"),
    ],
)
def test_the_seconds_to_wait(burst: int, times: list[float], waits: list[float]) -> None:
    assert reserved(Bucket(1.0, burst), *times) == waits


def test_a_wait_that_is_too_long_reserves_nothing() -> None:
    bucket = Bucket(1.0)
    assert reserved(bucket, 0, 0, 0) == [0, 1, 2]
    assert [bucket.reserve(0, 2.5) for _ in range(3)] == [None] * 3
    assert bucket.wait(0) == 3
    assert bucket.reserve(0, 3) == 3


@given(
    gaps=st.lists(st.floats(0, 3), min_size=1, max_size=60),
    rate=st.sampled_from([0.5, 1.0, 7.0]),
    burst=st.integers(1, 5),
)
def test_no_window_has_more_than_the_rate_and_one_burst(gaps: list[float], rate: float, burst: int) -> None:
    bucket, now, sent = Bucket(rate, burst), 0.0, []
    for gap in gaps:
        now += gap
        wait = bucket.reserve(now, FOREVER)
        assert wait is not None
        sent.append(now + wait)
    sent.sort()
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            allowed = burst + (sent[last] - sent[first]) * rate
            assert last - first + 1 <= allowed + 1e-6


def test_eight_threads_never_reserve_the_same_time() -> None:
    """With a switch of threads forced at every chance, 8 x 2000 reservations are 16000 different slots."""
    bucket = Bucket(1.0)
    found: list[list[float | None]] = [[] for _ in range(8)]
    start = threading.Barrier(8)

    def work(to: list[float | None]) -> None:
        start.wait()
        to.extend(bucket.reserve(0.0, FOREVER) for _ in range(2000))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(each,)) for each in found]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert sorted(wait for each in found for wait in each if wait is not None) == [float(n) for n in range(16000)]
