"""The pool: who gets a connection, who waits, and for how long."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.peer import Peer, delay, proceed
from support.trial import message

from mailbridge.drivers.async_ import AsyncDriver
from mailbridge.drivers.pool import Shelf, Shelves
from mailbridge.drivers.sync import SyncDriver
from mailbridge.errors import TimedOut
from mailbridge.flow.operations import Close, Flow, Lease, Release
from mailbridge.mailer import Mailer
from mailbridge.smtp.session import Session

Start = Callable[..., Peer]


class Stream:
    def __init__(self) -> None:
        self.open = True
        self.closed: Any = None

    def close(self) -> None:
        self.open = False


class Thing:
    """Something to keep in a pool."""

    def __init__(self) -> None:
        self.stream = Stream()
        self.left = False

    def quit(self) -> Flow[None]:
        self.left = True
        yield Close(self.stream)  # type: ignore[arg-type]


def use(key: str, limit: int = 1, timeout: float = 5.0) -> Flow[Any]:
    """Lease, make if need be, and give back."""
    thing = yield Lease(key, limit=limit, timeout=timeout)
    thing = thing or Thing()
    yield Release(key, thing)
    return thing


def hold(key: str, limit: int = 1, timeout: float = 5.0) -> Flow[Any]:
    """Lease and keep, until abandoned."""
    yield Lease(key, limit=limit, timeout=timeout)
    yield Release("another", None)


def test_a_shelf_gives_the_newest_and_no_more_than_its_limit() -> None:
    shelf = Shelf()
    assert shelf.take(2) == (True, None)
    assert shelf.take(2) == (True, None)
    assert shelf.take(2) == (False, None)
    shelf.put("old")
    shelf.put("new")
    assert shelf.take(2) == (True, "new")
    shelf.put(None)
    assert shelf.take(2) == (True, "old")


def test_shelves_are_kept_apart_by_key() -> None:
    shelves = Shelves()
    shelves.shelf("a").put("of a")
    assert shelves.shelf("b").take(1) == (True, None)
    assert shelves.drain() == [("a", "of a")]
    assert shelves.drain() == []


def test_what_was_given_back_is_given_out_again() -> None:
    driver = SyncDriver()
    first = driver.run(use("a"))
    assert driver.run(use("a")) is first
    assert driver.run(use("b")) is not first
    driver.close()
    assert first.left
    assert not first.stream.open


def test_a_full_pool_is_waited_for_and_then_told() -> None:
    driver = SyncDriver()
    driver.lease(Lease("a", limit=1, timeout=1))
    begun = time.monotonic()
    with pytest.raises(TimedOut, match=r"All 1 connections stayed in use for 0\.1 s") as caught:
        driver.run(use("a", timeout=0.1))
    assert 0.09 < time.monotonic() - begun < 1
    assert any("connections" in hint for hint in caught.value.hints)


def test_who_waits_for_one_key_is_not_forgotten_for_those_who_wait_for_another() -> None:
    driver = SyncDriver()
    for key in ("a", "b"):
        driver.lease(Lease(key, limit=1, timeout=1))
    done: list[str] = []
    waiting = [
        threading.Thread(target=lambda key=key: (driver.run(use(key, timeout=5)), done.append(key))) for key in "bbba"
    ]
    for thread in waiting:
        thread.start()
        time.sleep(0.02)
    driver.release(Release("a", None))
    waiting[-1].join(2)
    assert done == ["a"]
    driver.release(Release("b", None))
    for thread in waiting:
        thread.join(2)
    assert sorted(done) == ["a", "b", "b", "b"]


def test_an_abandoned_flow_gives_its_lease_back() -> None:
    driver = SyncDriver()
    stream = driver.stream(_emitting(), [])
    next(stream)
    stream.close()
    driver.run(use("a", timeout=0.1))


def _emitting() -> Flow[None]:
    from mailbridge.flow.operations import Emit

    yield Lease("a", limit=1, timeout=1)
    yield Emit("something")
    yield Release("a", None)


@pytest.mark.parametrize("cancelled_at", ["waiting", "granted"])
def test_a_cancelled_wait_does_not_lose_anybody_elses_turn(cancelled_at: str) -> None:
    async def scenario() -> None:
        driver = AsyncDriver()
        await driver.lease(Lease("a", limit=1, timeout=1))
        first = asyncio.create_task(driver.run(use("a")))
        second = asyncio.create_task(driver.run(use("a")))
        await asyncio.sleep(0.01)
        if cancelled_at == "granted":  # its turn has come, and it is cancelled before it could take it
            driver.release(Release("a", None))
            first.cancel()
        else:
            first.cancel()
            driver.release(Release("a", None))
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await asyncio.wait_for(second, 1)

    asyncio.run(scenario())


def test_a_wait_that_is_cancelled_as_its_time_runs_out_is_cancelled() -> None:
    async def scenario() -> None:
        driver = AsyncDriver()
        await driver.lease(Lease("a", limit=1, timeout=1))
        waiting = asyncio.create_task(driver.run(use("a", timeout=0.01)))
        await asyncio.sleep(0)
        time.sleep(0.05)  # noqa: ASYNC251 - the loop finds the timer due when it gets to the next turn
        await asyncio.sleep(0)
        driver.loop.call_soon(waiting.cancel)  # before the task hears of it
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(scenario())


def test_those_who_wait_are_served_in_order() -> None:
    async def scenario() -> list[int]:
        driver = AsyncDriver()
        await driver.lease(Lease("a", limit=1, timeout=1))
        served: list[int] = []

        async def wait(number: int) -> None:
            await driver.run(use("a"))
            served.append(number)

        tasks = [asyncio.create_task(wait(number)) for number in range(10)]
        await asyncio.sleep(0.01)
        driver.release(Release("a", None))
        await asyncio.gather(*tasks)
        return served

    assert asyncio.run(scenario()) == list(range(10))


def test_a_full_pool_is_waited_for_and_then_told_under_asyncio() -> None:
    async def scenario() -> None:
        driver = AsyncDriver()
        await driver.lease(Lease("a", limit=1, timeout=1))
        await driver.run(use("a", timeout=0.1))

    with pytest.raises(TimedOut, match="stayed in use"):
        asyncio.run(scenario())


class Talker(Stream):
    """A stream that notes what is done with all of its kind."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log

    def write(self, data: Any, timeout: float) -> None:
        self.log.append("write")

    def read(self) -> bytes:
        self.log.append("read")
        raise TimedOut("The server did not answer in time.")

    def close(self) -> None:
        super().close()
        self.log.append("close")


def test_leave_is_taken_of_all_before_anybody_is_waited_for() -> None:
    driver, log = SyncDriver(), list[str]()
    for _ in range(3):
        driver.lease(Lease("a", limit=3, timeout=1))
    for _ in range(3):
        driver.release(Release("a", Session(Talker(log), time.monotonic)))  # type: ignore[arg-type]
    driver.close()
    assert log == ["write"] * 3 + ["read", "close"] * 3


def test_a_forked_child_starts_with_an_empty_pool() -> None:
    driver = SyncDriver()
    kept = driver.run(use("a"))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - in the child
        fresh = driver.run(use("a"))
        os.write(write, b"fresh" if fresh is not kept and not kept.stream.open and not kept.left else b"stale")
        os._exit(0)
    os.close(write)
    assert os.read(read, 10) == b"fresh"
    os.close(read)
    os.waitpid(child, 0)
    assert kept.stream.open
    assert driver.run(use("a")) is kept


@pytest.mark.parametrize("connections", [1, 2])
def test_no_more_connections_than_allowed_are_open_at_once(peer: Start, connections: int) -> None:
    server = peer({".": delay(0.03) + proceed()})
    with Mailer(f"smtp://{server.address}?connections={connections}") as mailer:
        threads = [threading.Thread(target=mailer.send, args=(message(),)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert server.submissions == 8
    assert server.connections == connections


def test_a_send_that_gets_no_connection_in_time_is_told(peer: Start) -> None:
    server = peer({".": [delay(0.5) + proceed()]})
    with Mailer(f"smtp://{server.address}?connections=1&timeout=0.1") as mailer:
        busy = threading.Thread(target=mailer.send, args=(message(),))
        busy.start()
        server.wait_for(lambda peer: peer.submissions == 1)
        with pytest.raises(TimedOut, match="stayed in use") as caught:
            mailer.send(message())
        busy.join(5)
    assert caught.value.phase == "connect"
    assert server.submissions == 1
