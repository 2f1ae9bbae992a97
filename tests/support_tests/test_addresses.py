"""Dead addresses and scripted names, seen from plain sockets and from both colours."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
from support.addresses import Address, resolver
from support.colour import Async, Colour, Sync

from mailbridge.errors import TimedOut
from mailbridge.flow.operations import Connect, Flow, Now


def test_a_closed_port_refuses(closed_port: Address) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(closed_port, timeout=5)


def test_a_black_hole_says_nothing(blackhole: Address) -> None:
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        socket.create_connection(blackhole, timeout=0.2)
    assert 0.2 <= time.monotonic() - begun < 2


def test_names_resolve_as_told() -> None:
    resolve = resolver({"two.test": ["::1", "127.0.0.1"], "gone.test": socket.EAI_NONAME})
    assert resolve("two.test", 25) == [(socket.AF_INET6, ("::1", 25)), (socket.AF_INET, ("127.0.0.1", 25))]
    assert resolve("127.0.0.9", 25) == [(socket.AF_INET, ("127.0.0.9", 25))]
    with pytest.raises(socket.gaierror) as caught:
        resolve("gone.test", 25)
    assert caught.value.errno == socket.EAI_NONAME


class Recorder:
    """Stands in for a mailer and says what was called."""

    def send(self, message: str, **options: str) -> tuple[str, str, dict[str, str]]:
        return ("send", message, options)

    async def asend(self, message: str, **options: str) -> tuple[str, str, dict[str, str]]:
        return ("asend", message, options)

    def send_many(self, messages: list[str]) -> list[str]:
        return messages

    async def asend_many(self, messages: list[str]):  # type: ignore[no-untyped-def]
        for message in messages:
            yield f"a{message}"

    async def __aenter__(self) -> Recorder:
        self.loop = asyncio.get_running_loop()
        return self

    async def __aexit__(self, *error: object) -> None:
        self.exited = self.loop is asyncio.get_running_loop()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *error: object) -> None:
        self.exited = True


def test_each_colour_calls_its_own_methods(colour: Colour) -> None:
    prefix = {"sync": "", "async": "a"}[colour.name]
    recorder = Recorder()
    with colour.using(recorder):
        assert colour.send(recorder, "x", via="y") == (f"{prefix}send", "x", {"via": "y"})
        assert colour.send_many(recorder, ["x", "y"]) == [f"{prefix}x", f"{prefix}y"]
    assert recorder.exited
    assert isinstance(colour, Sync | Async)


def test_each_colour_drives_flows(colour: Colour, blackhole: Address) -> None:
    def flow() -> Flow[float]:
        begun = yield from Now()
        with pytest.raises(TimedOut):
            yield from Connect(*blackhole, timeout=0.1)
        return (yield from Now()) - begun

    assert 0.1 <= colour.run(flow()) < 2
