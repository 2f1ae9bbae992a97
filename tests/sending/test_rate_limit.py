"""RateLimit: one time to send for each message, taken before the send and kept whatever happens."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from support.members import FakeTransport, both_ways, deliveries, delivery, send, send_many

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import ConfigError, ConnectFailed, RateLimited, ServerError
from mailbridge.flow.operations import Emit, Now, Sleep
from mailbridge.receipt import Receipt
from mailbridge.sending.rate_limit import RateLimit, per_second
from mailbridge.sending.retry import Retry

one_and_many = pytest.mark.parametrize("many", [False, True], ids=["send", "send_many"])


def emitted_at(driver: ScriptedDriver, flow: Any, count: int) -> list[float]:
    """Perform a `send_many` and return when each outcome was emitted."""
    times: list[float] = []
    driver._deliveries = iter(deliveries(count))
    for op in driver.steps(flow):
        if isinstance(op, Emit):
            times.append(driver.now)
    return times


@pytest.mark.parametrize(
    ("rate", "expected"), [("10/s", 10), ("300/m", 5), ("1000/h", 1000 / 3600), ("86400/d", 1), (" 0.5 / s ", 0.5)]
)
def test_rates_are_written_as_a_number_in_a_time(rate: str, expected: float) -> None:
    assert per_second(rate) == pytest.approx(expected)


@pytest.mark.parametrize("rate", ["", "10", "10/", "/s", "10/w", "-1/s", "0/s", "0.0/m", "ten/s", "10/s/s", "1e3/s"])
def test_what_is_no_rate_is_refused_with_an_example(rate: str) -> None:
    with pytest.raises(ConfigError, match=r"rate .* is not a number of messages in a time.*10/s, 300/m"):
        RateLimit(FakeTransport(), rate=rate)


@pytest.mark.parametrize(("rate", "burst"), [("10/s", 1), ("100/s", 5), ("1/h", 1), ("1000/s", 50)])
def test_by_default_a_rolling_second_exceeds_the_rate_by_five_percent_at_most(rate: str, burst: int) -> None:
    bucket = RateLimit(FakeTransport(), rate=rate).bucket
    assert sum(bucket.reserve(0.0, 0.0) is not None for _ in range(1000)) == burst


@one_and_many
def test_messages_go_no_faster_than_the_rate(many: bool) -> None:
    driver = ScriptedDriver()
    policy = RateLimit(FakeTransport(), rate="2/s")
    if many:
        send_many(policy, deliveries(5), driver)
    else:
        for one in deliveries(5):
            send(policy, one, driver)
    assert driver.slept == [0.5] * 4


def test_a_burst_goes_at_once() -> None:
    driver = ScriptedDriver()
    send_many(RateLimit(FakeTransport(), rate="1/m", burst=3), deliveries(4), driver)
    assert driver.slept == [60.0]


@one_and_many
def test_a_failing_send_takes_one_place_and_sleeps_once(many: bool) -> None:
    driver = ScriptedDriver()
    policy = RateLimit(FakeTransport(always=ConnectFailed("x")), rate="1/s")
    for _ in range(3):
        assert isinstance(both_ways(policy, delivery(), driver, many=many), ConnectFailed)
    assert driver.slept == [1.0, 1.0]


@one_and_many
def test_every_try_of_a_retry_takes_a_place(many: bool) -> None:
    driver = ScriptedDriver()
    limited = RateLimit(FakeTransport(answers=[ServerError("x")] * 2), rate="1/s")
    both_ways(Retry(limited, wait=0.0), delivery(), driver, many=many)
    assert [nap for nap in driver.slept if nap] == [1.0, 1.0]


@one_and_many
def test_a_wait_beyond_max_wait_is_refused_and_takes_no_place(many: bool) -> None:
    inner = FakeTransport()
    policy = RateLimit(inner, rate="1/h", max_wait=60.0)
    driver = ScriptedDriver()
    assert isinstance(both_ways(policy, delivery(), driver, many=many), Receipt)
    driver.now = 600.0
    for _ in range(2):
        error = both_ways(policy, delivery(), driver, many=many)
        assert isinstance(error, RateLimited)
        assert error.retry_after == pytest.approx(3000.0)
        assert "1/h for fake://a" in error.text
        assert "max_wait (60 s)" in error.text
    driver.now = 3600.0
    assert isinstance(both_ways(policy, delivery(), driver, many=many), Receipt)
    assert len(inner.submitted) == 2


def test_short_waits_happen_inside_the_pipeline() -> None:
    inner = FakeTransport(ahead=2)
    driver = ScriptedDriver()
    send_many(RateLimit(inner, rate="2/s"), deliveries(5), driver)
    assert inner.log.count("open") == 1
    assert inner.log[:5] == ["open", "pull 0", "pull 1", "pull 2", "emit 0"]


def test_before_a_long_wait_the_pipeline_is_emptied() -> None:
    """A server would drop a connection that stops in mid-message, and outcomes must not wait for a pause."""
    inner = FakeTransport(ahead=2)
    driver = ScriptedDriver()
    policy = RateLimit(inner, rate="1/m", burst=2)
    assert emitted_at(driver, policy.send_many(), 4) == [0.0, 0.0, 60.0, 120.0]
    assert inner.log.index("close") < inner.log.index("send 2")


def test_a_batch_without_waits_only_reads_the_clock() -> None:
    driver, plain = ScriptedDriver(), ScriptedDriver()
    send_many(RateLimit(FakeTransport(), rate="1000/s", burst=100), deliveries(50), driver)
    send_many(FakeTransport(), deliveries(50), plain)
    assert driver.count(Now) - plain.count(Now) == 50
    assert driver.count(Sleep) == 0


class Clocked(ScriptedDriver):
    """Reads the real monotonic clock, and sleeps for real."""

    def perform(self, op: Any) -> Any:
        if isinstance(op, Now):
            return time.monotonic()
        if isinstance(op, Sleep):
            time.sleep(op.seconds)
            return None
        return super().perform(op)


def test_eight_threads_share_one_rate() -> None:
    """8 threads at 400/s for a quarter of a second never make more than 101 messages."""
    policy = RateLimit(FakeTransport(), rate="400/s", burst=1)
    sent: list[float] = []
    begin = time.monotonic()

    def work() -> None:
        while True:
            send(policy, delivery(), Clocked())
            if (now := time.monotonic()) - begin > 0.25:
                return
            sent.append(now)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 10 <= len(sent) <= 101


def test_event_loops_share_the_rate_with_threads() -> None:
    """The bucket needs no loop: reservations made under asyncio and in a thread are of one sequence."""
    policy = RateLimit(FakeTransport(), rate="1/s")

    async def reserve() -> float | None:
        return policy.bucket.reserve(0.0, 100.0)

    waits = [asyncio.run(reserve())]
    thread = threading.Thread(target=lambda: waits.append(policy.bucket.reserve(0.0, 100.0)))
    thread.start()
    thread.join()
    waits.append(asyncio.run(reserve()))
    assert waits == [0.0, 1.0, 2.0]


def test_a_burst_of_none_is_no_setting() -> None:
    with pytest.raises(ConfigError, match="burst must be at least 1, not 0"):
        RateLimit(FakeTransport(), rate="1/s", burst=0)
