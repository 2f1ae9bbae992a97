"""Lanes: several flows that share one source, without a wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbridge.drivers.async_ import AsyncDriver
from mailbridge.drivers.lanes import Source
from mailbridge.flow.operations import END, PULL, Emit, Flow, Sleep


def echo(window: int = 1, pause: Callable[[int], float] = lambda number: 0.0) -> Flow[None]:
    """Pull up to `window` numbers, then emit them doubled; as a transport does with messages."""
    while True:
        taken = []
        while len(taken) < window:
            number = yield PULL
            if number is END:
                break
            taken.append(number)
        if not taken:
            return
        for number in taken:
            yield Sleep(pause(number))
            yield Emit(number * 2)


def outcomes(source: Any, lanes: int, flow: Callable[[], Flow[None]] = echo) -> list[Any]:
    async def scenario() -> list[Any]:
        return [outcome async for outcome in AsyncDriver().stream(flow, source, lanes)]

    return asyncio.run(scenario())


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 60), st.integers(1, 6), st.integers(1, 15), st.integers(0, 7), st.booleans())
def test_outcomes_come_once_and_in_order(amount: int, lanes: int, window: int, odd: int, waits: bool) -> None:
    async def later() -> AsyncIterator[int]:
        for number in range(amount):
            if number % 5 == odd:
                await asyncio.sleep(0)
            yield number

    source = later() if waits else range(amount)
    flow = lambda: echo(window, lambda number: 0.001 if number % 7 == odd else 0.0)  # noqa: E731
    assert outcomes(source, lanes, flow) == [number * 2 for number in range(amount)]


@pytest.mark.parametrize("window", [1, 12])
@pytest.mark.parametrize("ahead", [1, 2, 5])
def test_a_bound_that_is_tight_does_not_block(monkeypatch: pytest.MonkeyPatch, ahead: int, window: int) -> None:
    from mailbridge.drivers import lanes

    monkeypatch.setattr(lanes, "AHEAD", ahead)
    flow = lambda: echo(window, lambda number: 0.001 * (number % 3))  # noqa: E731
    assert outcomes(range(80), 5, flow) == [number * 2 for number in range(80)]


def test_few_messages_open_few_lanes() -> None:
    opened = []

    def flow() -> Flow[None]:
        opened.append(1)
        return echo()

    assert outcomes(range(4), 10, flow) == [0, 2, 4, 6]
    assert len(opened) == 1
    opened.clear()
    assert len(outcomes(range(100), 3, flow)) == 100
    assert len(opened) == 3


def test_a_lane_that_breaks_is_told() -> None:
    def broken() -> Flow[None]:
        number = yield PULL
        yield Emit(number)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        outcomes(range(3), 1, broken)


def test_a_source_is_asked_by_one_lane_at_a_time() -> None:
    inside = 0

    async def later() -> AsyncIterator[int]:
        nonlocal inside
        for number in range(30):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.001)
            inside -= 1
            yield number

    assert outcomes(later(), 4) == [number * 2 for number in range(30)]


def test_a_source_that_ended_stays_ended() -> None:
    async def scenario() -> list[Any]:
        source = Source(iter([1]))
        return [source.next(), source.next(), await source.anext(), source.error]

    assert asyncio.run(scenario()) == [1, END, END, None]


@pytest.mark.parametrize("source", [7, None])
def test_what_cannot_be_iterated_is_told(source: Any) -> None:
    with pytest.raises(TypeError):
        outcomes(source, 1)


def test_a_source_that_is_cancelled_from_within_ends() -> None:
    async def later() -> AsyncIterator[int]:
        yield 1
        raise asyncio.CancelledError

    async def scenario() -> int:
        stream = AsyncDriver().stream(echo, later(), 2)
        found: int = await anext(stream)
        with pytest.raises(asyncio.CancelledError):
            await anext(stream)
        return found

    assert asyncio.run(scenario()) == 2


def test_an_asynchronous_source_is_asked_only_a_little_ahead() -> None:
    given = 0

    async def later() -> AsyncIterator[int]:
        nonlocal given
        for number in range(100):
            given += 1
            yield number

    async def scenario() -> int:
        stream = AsyncDriver().stream(lambda: echo(1, lambda number: 60.0), later(), 1)
        first = asyncio.ensure_future(stream.__anext__())
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await stream.aclose()
        return given

    assert asyncio.run(scenario()) == 4
