"""The asynchronous stream: deadlines, what has left, and the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from support.peer import Peer, delay, drip, freeze, proceed, raw, reset, stall

from mailbridge.drivers.dialling import connect
from mailbridge.drivers.names import resolve
from mailbridge.drivers.wire import HIGH_WATER, Wire
from mailbridge.errors import ConnectFailed, ProtocolError, TimedOut, TlsFailed
from mailbridge.flow.operations import Connect, TlsOptions

Start = Callable[..., Peer]


def on(peer: Peer, work: Callable[[Wire], Coroutine[Any, Any, Any]], **options: Any) -> Any:
    """Connect and work with the wire, then close it."""

    async def hold() -> Any:
        wire = await connect(Connect(peer.host, peer.port, timeout=5, **options), resolve)
        try:
            return await work(wire)
        finally:
            wire.close()
            await asyncio.wait_for(wire.closed, 5)

    return asyncio.run(hold())


async def write(wire: Wire, *data: bytes, timeout: float = 5) -> None:  # noqa: ASYNC109
    answer = wire.write(data, timeout)
    if answer is not None:
        await answer


async def greeting(wire: Wire) -> bytes:
    await write(wire, timeout=5)
    return await line(wire)


async def line(wire: Wire) -> bytes:
    said = b""
    while not said.endswith(b"\n"):
        part = await wire.read()
        if not part:
            break
        said += part
    return said


def test_what_is_said_is_read(peer: Start) -> None:
    async def talk(wire: Wire) -> list[bytes]:
        hello = await greeting(wire)
        await write(wire, b"NOOP\r\n")
        return [hello, await line(wire)]

    assert on(peer(), talk) == [b"220 peer.test ESMTP ready\r\n", b"250 2.0.0 ok\r\n"]


def test_small_pieces_leave_in_one_segment(peer: Start) -> None:
    server = peer()

    async def talk(wire: Wire) -> None:
        await greeting(wire)
        await write(wire, b"NO", b"OP", b"\r\n")
        await line(wire)

    on(server, talk)
    assert server.sessions[0].segments == [b"NOOP\r\n"]


def test_nothing_to_say_sets_the_time_for_the_answer(peer: Start) -> None:
    async def talk(wire: Wire) -> None:
        await greeting(wire)
        await write(wire, timeout=0.1)
        await wire.read()

    begun = time.monotonic()
    with pytest.raises(TimedOut, match=r"did not answer within 0\.1 s"):
        on(peer(), talk)
    assert 0.09 < time.monotonic() - begun < 1


@pytest.mark.catalogue("F37")
def test_the_deadline_is_for_all_reads_together(peer: Start) -> None:
    server = peer({"NOOP": drip(b"250 " + b"x" * 100 + b"\r\n", every=0.03)})

    async def talk(wire: Wire) -> None:
        await greeting(wire)
        await write(wire, b"NOOP\r\n", timeout=0.2)
        await line(wire)

    begun = time.monotonic()
    with pytest.raises(TimedOut):
        on(server, talk)
    assert time.monotonic() - begun < 1


@pytest.mark.catalogue("F37")
def test_a_deadline_that_passes_while_nobody_reads_still_counts(peer: Start) -> None:
    """Half an answer and the deadline come in the same turn of the loop; the next read must not wait for ever."""
    server = peer({"NOOP": raw(b"250-half\r\n") + stall()})

    async def talk(wire: Wire) -> None:
        await greeting(wire)
        await write(wire, b"NOOP\r\n", timeout=0.05)
        asyncio.get_running_loop().call_soon(time.sleep, 0.2)
        assert await wire.read() == b"250-half\r\n"
        await asyncio.wait_for(wire.read(), 2)

    with pytest.raises(TimedOut):
        on(server, talk)


def test_a_later_deadline_replaces_an_earlier_one(peer: Start) -> None:
    server = peer({"NOOP": delay(0.2) + proceed()})

    async def talk(wire: Wire) -> bytes:
        await greeting(wire)
        await write(wire, b"NOOP\r\n", timeout=0.05)
        await write(wire, timeout=5)
        return await line(wire)

    assert on(server, talk) == b"250 2.0.0 ok\r\n"


def test_an_earlier_deadline_replaces_a_later_one(peer: Start) -> None:
    server = peer({"NOOP": stall()})

    async def talk(wire: Wire) -> None:
        await greeting(wire)
        await write(wire, timeout=60)
        await write(wire, b"NOOP\r\n", timeout=0.1)
        await wire.read()

    begun = time.monotonic()
    with pytest.raises(TimedOut):
        on(server, talk)
    assert time.monotonic() - begun < 1


@pytest.mark.catalogue("F31")
def test_what_has_certainly_not_left_is_known(peer: Start) -> None:
    server = peer({"CONNECT": freeze()}, receive_buffer=4096)
    pieces = [b"x" * (1 << 20)] * 20

    async def talk(wire: Wire) -> None:
        await write(wire, *pieces, timeout=-sum(map(len, pieces)) / 4096 + 0.2)

    with pytest.raises(TimedOut, match="stopped taking data") as caught:
        on(server, talk)
    assert (10 << 20) < caught.value.unsent <= (20 << 20)


@pytest.mark.catalogue("F40")
def test_a_write_to_a_connection_that_is_gone_leaves_everything_unsent(peer: Start) -> None:
    server = peer()

    async def talk(wire: Wire) -> None:
        await greeting(wire)
        server.sessions[0].interject(reset())
        time.sleep(0.05)  # noqa: ASYNC251 - the loop must not notice before the write does
        await write(wire, b"NOOP\r\n")

    with pytest.raises(ConnectFailed) as caught:
        on(server, talk)
    assert caught.value.unsent == 6


def test_what_was_said_before_the_end_is_read_before_the_end(peer: Start) -> None:
    server = peer()

    async def talk(wire: Wire) -> list[bytes]:
        await greeting(wire)
        server.sessions[0].interject(raw(b"421 bye\r\n"))
        server.stop()
        await asyncio.sleep(0.05)
        with pytest.raises(ConnectFailed):
            await write(wire, b"NOOP\r\n")
        return [await wire.read(), await wire.read()]

    assert on(server, talk) == [b"421 bye\r\n", b""]


@pytest.mark.catalogue("F40")
@pytest.mark.parametrize("awaited", [False, True])
def test_a_connection_on_which_something_arrived_is_stale(peer: Start, awaited: bool) -> None:
    server = peer()

    async def talk(wire: Wire) -> tuple[bool, bool]:
        await greeting(wire)
        before = wire.stale
        server.sessions[0].interject(raw(b"421 bye\r\n"))
        time.sleep(0.02)  # noqa: ASYNC251 - the caller need not have awaited anything
        if awaited:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return before, wire.stale

    assert on(server, talk) == (False, True)


@pytest.mark.catalogue("F38")
def test_a_flood_is_taken_no_faster_than_it_is_read(peer: Start) -> None:
    server = peer({"CONNECT": raw(b"x" * (64 << 20))})

    async def talk(wire: Wire) -> int:
        await write(wire, timeout=5)
        await asyncio.sleep(0.3)
        held = sum(map(len, wire._received))
        read = 0
        while read < 32 << 20:
            read += len(await wire.read())
        return held

    assert on(server, talk) <= 2 * HIGH_WATER


def test_tls_is_refused_when_something_came_before_it(peer: Start) -> None:
    server = peer(tls="starttls")

    async def talk(wire: Wire) -> None:
        while not wire._received:  # noqa: ASYNC110 - the peer may be late
            await asyncio.sleep(0.005)
        await wire.start_tls(TlsOptions("localhost"), 5)

    with pytest.raises(ProtocolError):
        on(server, talk)


@pytest.mark.catalogue("F7")
@pytest.mark.parametrize("action", [stall(), freeze()], ids=["silent", "frozen"])
def test_a_handshake_has_a_deadline(peer: Start, action: Any) -> None:
    server = peer({"TLS": action}, tls="implicit")

    async def dial() -> None:
        await connect(Connect(server.host, server.port, timeout=0.2, tls=TlsOptions("localhost")), resolve)

    begun = time.monotonic()
    with pytest.raises((TimedOut, TlsFailed)):
        asyncio.run(dial())
    assert time.monotonic() - begun < 1


def test_cancelling_a_connect_leaves_nothing_open(peer: Start) -> None:
    server = peer({"TLS": stall()}, tls="implicit")

    async def dial() -> None:
        task = asyncio.create_task(
            connect(Connect(server.host, server.port, timeout=5, tls=TlsOptions("localhost")), resolve)
        )
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.05)

    asyncio.run(dial())
    assert server.sessions[0].end in ("eof", "rst")
