"""Connections: how many, whose, for how long, and that none is left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import warnings
from typing import Any

import pytest
from support.addresses import resolver
from support.http_engines import ENGINES, Engine, options, post
from support.http_peer import HttpPeer, answer, delay, drop, raw, reset, stall, wait_for

from mailbridge.drivers.http.async_ import AsyncHttp
from mailbridge.drivers.http.sync import SyncHttp
from mailbridge.drivers.names import resolve
from mailbridge.errors import ConfigError, OutcomeUnknown, TimedOut
from mailbridge.flow.http import Http

ASYNC = [name for name in ENGINES if name != "sync"]


def side_by_side(engine: Engine, count: int, url: str, **given: Any) -> list[Any]:
    """Make `count` exchanges at once; return responses and errors."""
    op = Http(post(url), options(**given))
    if engine.name != "sync":

        async def together() -> list[Any]:
            return await asyncio.gather(*(engine.http.exchange(op) for _ in range(count)), return_exceptions=True)

        return engine.run(together)  # type: ignore[no-any-return]
    results: list[Any] = []

    def one() -> None:
        try:
            results.append(engine.http.exchange(op))
        except Exception as error:  # noqa: BLE001 - what the test looks at
            results.append(error)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_no_more_connections_are_open_than_allowed(engine: Engine) -> None:
    with HttpPeer(delay(0.01) + answer(202)) as peer:
        results = side_by_side(engine, 40, peer.url, connections=4)
        assert [result.status for result in results] == [202] * 40
        assert len(peer.connections) <= 4


def test_the_limit_is_one_for_each_server(engine: Engine) -> None:
    gate = threading.Event()
    given = options(connections=1)
    with HttpPeer([wait_for(gate) + answer()]) as busy, HttpPeer([answer()]) as other:
        if engine.name == "sync":
            holder = threading.Thread(target=engine.exchange, args=(post(busy.url), given))
            holder.start()
        else:
            holder = engine.run(begun, engine, busy.url, given)
            engine.run(asyncio.sleep, 0.05)
        busy.wait_for(lambda peer: peer.requests)
        assert engine.exchange(post(other.url), given).status == 200
        gate.set()
        if engine.name == "sync":
            holder.join()
        else:
            engine.run(asyncio.wait_for, holder, 5)


async def begun(engine: Engine, url: str, given: Any) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(engine.http.exchange(Http(post(url), given)))


@pytest.mark.catalogue("H2")
def test_who_finds_no_connection_in_time_has_sent_nothing(engine: Engine) -> None:
    gate = threading.Event()
    with HttpPeer(wait_for(gate) + answer(202)) as peer:
        opener = threading.Timer(0.6, gate.set)
        opener.start()
        results = side_by_side(engine, 3, peer.url, connections=1, pool=0.2)
        assert len(peer.requests) == 1
    timeouts = [result for result in results if isinstance(result, TimedOut)]
    assert len(timeouts) == 2
    assert [(error.phase, error.retryable) for error in timeouts] == [("connect", True)] * 2
    assert "connections" in str(timeouts[0])


@pytest.mark.parametrize("name", ASYNC)
def test_who_waited_longest_is_served_first(name: str) -> None:
    engine = Engine(name)
    order: list[int] = []

    async def one(number: int, url: str) -> None:
        await engine.http.exchange(Http(post(f"{url}/{number}"), options(connections=1)))
        order.append(number)

    async def all_of_them(url: str) -> None:
        await asyncio.gather(*(one(number, url) for number in range(12)))

    with HttpPeer(answer()) as peer:
        engine.run(all_of_them, peer.url)
        asked = [int(request.path[1:]) for request in peer.requests]
    engine.close()
    assert asked == order == list(range(12))


@pytest.mark.parametrize("name", ASYNC)
@pytest.mark.parametrize("when", ["waiting", "answered at the same moment"])
def test_a_cancelled_waiter_takes_nobodys_turn(name: str, when: str) -> None:
    engine = Engine(name)

    async def scenario(url: str) -> list[int]:
        op = Http(post(url), options(connections=1, pool=5.0))
        holder = asyncio.create_task(engine.http.exchange(op))
        await asyncio.sleep(0.02)
        waiters = [asyncio.create_task(engine.http.exchange(op)) for _ in range(3)]
        await asyncio.sleep(0.02)
        if when == "waiting":
            waiters[0].cancel()
        else:
            holder.add_done_callback(lambda _: waiters[0].cancel())
        done = await asyncio.wait_for(asyncio.gather(holder, *waiters, return_exceptions=True), 3)
        assert isinstance(done[1], asyncio.CancelledError)
        return [each.status for each in done if not isinstance(each, BaseException)]

    with HttpPeer(delay(0.1) + answer(202)) as peer:
        assert engine.run(scenario, peer.url) == [202, 202, 202]
    engine.close()


@pytest.mark.parametrize("name", ASYNC)
@pytest.mark.parametrize("place", ["head", "body", "tls"])
def test_cancelling_closes_the_connection_and_the_next_exchange_is_well(name: str, place: str) -> None:
    script = {
        "head": [stall(), answer()],
        "body": [raw("HTTP/1.1 200 OK\r\n\r\n{") + stall(), answer()],
        "tls": [answer()],
    }
    connect = [stall(), None] if place == "tls" else []
    engine = Engine(name)
    with HttpPeer(script[place], connect=connect, tls=place == "tls") as peer:
        op = Http(post(peer.url), options(connections=1, ca_file=peer.ca_file, connect=5.0))

        async def scenario() -> int:
            task = asyncio.create_task(engine.http.exchange(op))
            await asyncio.sleep(0.1)
            assert not task.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return (await engine.http.exchange(op)).status

        assert engine.run(scenario) == 200
        peer.wait_for(lambda peer: peer.connections[0].end in ("eof", "rst"))
        assert len(peer.connections) == 2
    engine.close()


@pytest.mark.parametrize("name", ASYNC)
def test_a_storm_of_cancellations_loses_no_place(name: str) -> None:
    engine = Engine(name)

    async def storm(url: str) -> int:
        op = Http(post(url), options(connections=3, pool=5.0))
        for turn in range(60):
            tasks = [asyncio.create_task(engine.http.exchange(op)) for _ in range(6)]
            for _ in range(turn % 12):
                await asyncio.sleep(0)
            for task in tasks[:: 1 + turn % 3]:
                task.cancel()
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        row = next(iter(engine.http._rows.values()))
        return row._free._value  # type: ignore[no-any-return]

    with HttpPeer(answer()) as peer:
        assert engine.run(storm, peer.url) == 3
        assert side_by_side(engine, 3, peer.url, connections=3)[0].status == 200
    engine.close()
    gc.collect()


@pytest.mark.catalogue("H27")
def test_a_connection_that_was_closed_meanwhile_is_replaced(engine: Engine) -> None:
    with HttpPeer([answer(202) + drop(), answer(202)]) as peer:
        engine.exchange(post(peer.url))
        peer.wait_for(lambda peer: peer.connections[0].end == "dropped")
        if engine.name != "sync":
            engine.run(asyncio.sleep, 0.01)  # the loop hears of it
        assert engine.exchange(post(peer.url)).status == 202
        assert [len(each.requests) for each in peer.connections] == [1, 1]


@pytest.mark.catalogue("H27")
def test_a_connection_that_is_lost_with_the_next_request_leaves_the_outcome_open(engine: Engine) -> None:
    with HttpPeer([answer(202), reset()]) as peer:
        engine.exchange(post(peer.url))
        with pytest.raises(OutcomeUnknown):
            engine.exchange(post(peer.url))
        assert len(peer.requests) == 2


def test_closing_closes_connections_and_sending_opens_new_ones(engine: Engine) -> None:
    with HttpPeer(answer()) as peer:
        for _ in range(2):
            engine.exchange(post(peer.url))
            engine.http.close() if engine.name == "sync" else engine.run(engine.http.close)
        peer.wait_for(lambda peer: all(each.end != "open" for each in peer.connections))
        assert len(peer.connections) == 2


@pytest.mark.parametrize("name", ASYNC)
def test_closing_while_an_exchange_is_under_way_leaves_no_connection(name: str) -> None:
    engine = Engine(name)

    async def scenario(url: str) -> None:
        task = asyncio.create_task(engine.http.exchange(Http(post(url), options())))
        await asyncio.sleep(0.05)
        await engine.http.close()
        await asyncio.gather(task, return_exceptions=True)

    with HttpPeer(delay(0.1) + answer()) as peer:
        engine.run(scenario, peer.url)
        peer.wait_for(lambda peer: peer.connections[0].end != "open")
    engine.close()
    gc.collect()


def test_bad_files_cost_no_place_among_the_connections(engine: Engine) -> None:
    for _ in range(3):
        with pytest.raises(ConfigError, match="ca_file"):
            engine.exchange(post("https://127.0.0.1:1/"), options(ca_file="/nowhere.pem", connections=1, pool=0.1))


def test_a_thread_of_its_own_shares_the_pool() -> None:
    engine = Engine("sync")
    with HttpPeer(answer(202)) as peer:
        results = [result for _ in range(5) for result in side_by_side(engine, 8, peer.url, connections=8)]
        assert [result.status for result in results] == [202] * 40
        assert len(peer.connections) <= 8
    engine.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_opens_connections_of_its_own() -> None:
    http = SyncHttp(resolve)
    with HttpPeer(answer(202)) as peer:
        op = Http(post(peer.url), options())
        http.exchange(op)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads, since 3.12
            child = os.fork()
        if child == 0:
            code = 1
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    http._making.acquire()  # as if another thread of the parent had held it
                    code = 0 if http.exchange(op).status == 202 else 2
                    http.close()
                    gc.collect()
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert http.exchange(op).status == 202
        assert [len(each.requests) for each in peer.connections] == [2, 1]
    http.close()


@pytest.mark.parametrize("name", ASYNC)
def test_each_event_loop_has_connections_of_its_own(name: str) -> None:
    async def once(url: str) -> int:
        http = AsyncHttp(resolve, aiohttp=name == "aiohttp")
        try:
            return (await http.exchange(Http(post(url), options()))).status
        finally:
            await http.close()

    with HttpPeer(answer(202)) as peer:
        assert [asyncio.run(once(peer.url)) for _ in range(2)] == [202, 202]
        assert len(peer.connections) == 2


@pytest.mark.parametrize("name", ["sync", "async"])
def test_the_resolver_of_the_mailer_is_asked(name: str) -> None:
    engine = Engine(name, resolver({"api.test": ["127.0.0.1"]}))
    with HttpPeer([answer()]) as peer:
        assert engine.exchange(post(f"http://api.test:{peer.port}/")).status == 200
        assert peer.requests[0].header("host") == f"api.test:{peer.port}"
    engine.close()


def test_with_a_resolver_of_the_mailers_own_the_engine_is_httpcores() -> None:
    pytest.importorskip("httpx_aiohttp")

    async def engine_of(chosen: Any) -> str:
        http = AsyncHttp(chosen)
        op = Http(post("http://api.test/"), options())
        shared = http._row(op)._shared
        await http.close()
        return type(shared).__name__

    assert asyncio.run(engine_of(resolve)) == "AiohttpPool"
    assert asyncio.run(engine_of(resolver({}))) == "NoneType"


@pytest.mark.parametrize("name", ["sync", "async"])
def test_the_second_address_is_tried(name: str) -> None:
    with HttpPeer([answer()]) as peer:
        engine = Engine(name, resolver({"two.test": ["127.0.0.2", "127.0.0.1"]}))
        assert engine.exchange(post(f"http://two.test:{peer.port}/")).status == 200
        engine.close()


@pytest.mark.catalogue("H1")
@pytest.mark.parametrize("name", ["sync", "async"])
def test_a_name_that_does_not_exist_is_a_matter_of_configuration(name: str) -> None:
    import socket

    engine = Engine(name, resolver({"gone.test": socket.EAI_NONAME}))
    with pytest.raises(ConfigError, match=r"There is no host named gone\.test"):
        engine.exchange(post("http://gone.test/"))
    engine.close()


def test_a_name_that_the_system_does_not_know_is_a_matter_of_configuration(engine: Engine) -> None:
    with pytest.raises(ConfigError, match="There is no host named"):
        engine.exchange(post("http://surely.nowhere.invalid/"))
