"""What goes out in which segment, and what the witness makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

import pytest
from support.http_engines import Engine, options, post
from support.http_peer import HttpPeer, answer

from mailbridge.drivers.http.engine import core
from mailbridge.drivers.http.exchange import explained
from mailbridge.drivers.http.network import SyncStream
from mailbridge.drivers.http.progress import SMALL, Progress, progress
from mailbridge.errors import ConnectFailed, OutcomeUnknown
from mailbridge.flow.http import Http

HEAD = b"POST / HTTP/1.1\r\nHost: api.test\r\n\r\n"


class Recorder:
    """A stream that keeps what is written, or fails from some write on."""

    def __init__(self, fail_at: int = 100) -> None:
        self.written: list[bytes] = []
        self.fail_at = fail_at

    def write(self, data: bytes, timeout: float) -> None:
        assert 0 < timeout <= 5
        if len(self.written) >= self.fail_at:
            raise core.WriteError("broken pipe")
        self.written.append(data)

    def read(self, size: int, timeout: float) -> bytes:
        return b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture
def exchange() -> Iterator[Progress]:
    made = Progress(5.0)
    token = progress.set(made)
    yield made
    progress.reset(token)


def stream(recorder: Recorder) -> SyncStream:
    return SyncStream(recorder, WeakSet())


def test_head_and_body_go_out_together(exchange: Progress) -> None:
    recorder = Recorder()
    one = stream(recorder)
    one.write(HEAD)
    assert (recorder.written, exchange.sent) == ([], False)
    one.write(b"{}")
    assert (recorder.written, exchange.sent) == ([HEAD + b"{}"], True)
    one.write(b"\r\n\r\n")
    assert recorder.written[1:] == [b"\r\n\r\n"]


def test_a_large_body_goes_out_behind_its_head(exchange: Progress) -> None:
    recorder = Recorder()
    one = stream(recorder)
    one.write(HEAD)
    one.write(b"x" * (SMALL + 1))
    assert [len(data) for data in recorder.written] == [len(HEAD), SMALL + 1]


def test_a_head_without_a_body_goes_out_before_the_answer_is_read(exchange: Progress) -> None:
    recorder = Recorder()
    one = stream(recorder)
    one.write(HEAD)
    one.read(100)
    assert (recorder.written, exchange.sent) == ([HEAD], True)


def test_what_is_said_to_a_proxy_goes_out_at_once_and_counts_for_nothing(exchange: Progress) -> None:
    recorder = Recorder()
    one = stream(recorder)
    one.write(b"CONNECT api.test:443 HTTP/1.1\r\n\r\n")
    assert (len(recorder.written), exchange.sent) == (1, False)


@pytest.mark.catalogue("H27")
@pytest.mark.parametrize(
    ("size", "fail_at", "kind"), [(2, 0, ConnectFailed), (SMALL + 1, 0, ConnectFailed), (SMALL + 1, 1, OutcomeUnknown)]
)
def test_only_what_was_written_can_have_been_accepted(
    exchange: Progress, size: int, fail_at: int, kind: type[Exception]
) -> None:
    one = stream(Recorder(fail_at))
    one.write(HEAD)
    with pytest.raises(core.WriteError) as caught:
        one.write(b"x" * size)
    assert type(explained(caught.value, Http(post("http://api.test/"), options()), exchange)) is kind


@pytest.mark.parametrize("size", [0, 1, SMALL, SMALL + 1, 1 << 20])
def test_bodies_of_every_size_arrive(engine: Engine, size: int) -> None:
    body: Any = (b"0123456789\r\n\r\n" * (size // 14 + 1))[:size]
    with HttpPeer(answer(202)) as peer:
        for _ in range(2):
            assert engine.exchange(post(peer.url, body)).status == 202
        assert [request.body for request in peer.requests] == [body, body]
        assert len(peer.connections) == 1
