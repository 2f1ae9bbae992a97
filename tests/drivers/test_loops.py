"""One mailer in many event loops: a pool for each, shared by all who entered there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from support.peer import Peer
from support.trial import message

from mailbridge.drivers.loops import Loops
from mailbridge.errors import ConfigError
from mailbridge.mailer import Mailer

Start = Callable[..., Peer]


def test_loops_in_several_threads_have_a_pool_each_at_the_same_time(peer: Start) -> None:
    server = peer()
    mailer = Mailer(f"smtp://{server.address}")
    all_inside = threading.Barrier(3, timeout=10)

    async def scenario() -> None:
        async with mailer:
            await mailer.asend(message())
            await asyncio.to_thread(all_inside.wait)  # a thread that enters takes nobody's pool away
            await mailer.asend(message())
            await asyncio.to_thread(all_inside.wait)  # nor does one that leaves
            await mailer.asend(message())

    threads = [threading.Thread(target=asyncio.run, args=(scenario(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (server.submissions, server.connections) == (9, 3)
    assert [session.end for session in server.sessions] == ["quit"] * 3


def test_who_enters_again_in_the_same_loop_shares_the_pool_and_leaves_it_open(peer: Start) -> None:
    server = peer()
    mailer = Mailer(f"smtp://{server.address}")

    async def scenario() -> None:
        async with mailer:
            await mailer.asend(message())
            async with mailer:
                await mailer.asend(message())
            await mailer.asend(message())

    asyncio.run(scenario())
    assert (server.submissions, server.connections) == (3, 1)


def test_aclose_inside_closes_the_pool_and_sending_goes_on(peer: Start) -> None:
    server = peer()
    mailer = Mailer(f"smtp://{server.address}")

    async def scenario() -> None:
        async with mailer:
            await mailer.asend(message())
            await mailer.aclose()
            await mailer.asend(message())

    asyncio.run(scenario())
    assert (server.submissions, server.connections) == (2, 2)
    assert [session.end for session in server.sessions] == ["quit"] * 2


def test_a_loop_that_never_entered_connects_for_each_call_beside_one_that_did(peer: Start) -> None:
    server = peer()
    mailer = Mailer(f"smtp://{server.address}")

    async def twice() -> None:
        await mailer.asend(message())
        await mailer.asend(message())

    async def scenario() -> None:
        async with mailer:
            await twice()
            await asyncio.to_thread(asyncio.run, twice())

    asyncio.run(scenario())
    assert (server.submissions, server.connections) == (4, 3)


def test_loops_that_ended_without_leaving_are_forgotten() -> None:
    loops = Loops()

    async def enter() -> None:
        loops.enter()

    for _ in range(3):
        asyncio.run(enter())

    async def scenario() -> int:
        loops.enter()
        await loops.leave()
        return len(loops._drivers)

    assert asyncio.run(scenario()) == 0


@pytest.mark.parametrize("entered", [False, True])
def test_another_kind_of_event_loop_is_told_what_to_do(entered: bool) -> None:
    """What trio does with a coroutine: it asks for the next step, and asyncio knows nothing of it."""
    mailer = Mailer("memory://")
    work = mailer.__aenter__() if entered else mailer.asend(message())
    with pytest.raises(ConfigError, match=r"need an event loop of asyncio.* in a thread"):
        work.send(None)  # type: ignore[attr-defined]


def test_a_plain_send_in_an_event_loop_works_and_stops_the_loop_meanwhile(peer: Start) -> None:
    server = peer()

    async def scenario() -> None:
        others: list[str] = []

        async def other() -> None:
            others.append("ran")

        task = asyncio.create_task(other())
        with Mailer(f"smtp://{server.address}") as mailer:
            mailer.send(message())
            assert others == []
        await task

    asyncio.run(scenario())
    assert server.submissions == 1
