"""The blocking stream: connecting, deadlines, what has left, and the end."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.addresses import Address, resolver
from support.peer import Peer, delay, drip, freeze, proceed, raw, reset

from mailbridge.drivers.names import resolve
from mailbridge.drivers.sockets import BLOCK, SocketStream, blocks, connect
from mailbridge.errors import ConnectFailed, TimedOut
from mailbridge.flow.operations import Connect

Start = Callable[..., Peer]


@pytest.fixture
def stream(peer: Start) -> Iterator[Callable[[Peer], SocketStream]]:
    opened: list[SocketStream] = []

    def open_to(server: Peer) -> SocketStream:
        opened.append(connect(Connect(server.host, server.port, timeout=5), resolve))
        return opened[-1]

    yield open_to
    for one in opened:
        one.close()


Open = Callable[[Peer], SocketStream]


def line(stream: SocketStream) -> bytes:
    said = b""
    while not said.endswith(b"\n"):
        part = stream.read()
        if not part:
            break
        said += part
    return said


def greeted(stream: SocketStream) -> SocketStream:
    stream.write((), 5)
    line(stream)
    return stream


def test_what_is_said_is_read(peer: Start, stream: Open) -> None:
    open_ = stream(peer())
    open_.write((), 5)
    assert line(open_) == b"220 peer.test ESMTP ready\r\n"
    open_.write([b"NOOP\r\n"], 5)
    assert line(open_) == b"250 2.0.0 ok\r\n"


def test_small_pieces_leave_in_one_segment(peer: Start, stream: Open) -> None:
    server = peer()
    open_ = greeted(stream(server))
    open_.write([b"NO", b"OP", b"\r\n"], 5)
    line(open_)
    assert server.sessions[0].segments == [b"NOOP\r\n"]


@pytest.mark.catalogue("F37")
def test_the_deadline_is_for_all_reads_together(peer: Start, stream: Open) -> None:
    open_ = greeted(stream(peer({"NOOP": drip(b"250 " + b"x" * 100 + b"\r\n", every=0.03)})))
    open_.write([b"NOOP\r\n"], 0.2)
    begun = time.monotonic()
    with pytest.raises(TimedOut):
        line(open_)
    assert time.monotonic() - begun < 1


def test_a_later_deadline_replaces_an_earlier_one(peer: Start, stream: Open) -> None:
    open_ = greeted(stream(peer({"NOOP": delay(0.2) + proceed()})))
    open_.write([b"NOOP\r\n"], 0.05)
    open_.write((), 5)
    assert line(open_) == b"250 2.0.0 ok\r\n"


def test_a_close_shave_does_not_make_the_next_wait_a_busy_one(peer: Start, stream: Open) -> None:
    """A wait of a moment must not leave its short time-out with the socket."""
    open_ = greeted(stream(peer({"NOOP": delay(0.5) + proceed()})))
    open_.write([b"NOOP\r\n"], 0.002)
    with pytest.raises(TimedOut):
        open_.read()
    open_.write((), 60)
    begun = time.process_time()
    assert line(open_) == b"250 2.0.0 ok\r\n"
    assert time.process_time() - begun < 0.05


@pytest.mark.catalogue("F31")
def test_what_has_certainly_not_left_is_known(peer: Start, stream: Open) -> None:
    open_ = stream(peer({"CONNECT": freeze()}, receive_buffer=4096))
    pieces = [b"x" * (1 << 20)] * 20
    with pytest.raises(TimedOut, match="stopped taking data") as caught:
        open_.write(pieces, -sum(map(len, pieces)) / 4096 + 0.2)
    assert (10 << 20) < caught.value.unsent < (20 << 20)


@pytest.mark.catalogue("F40")
def test_a_write_to_a_connection_that_is_gone_leaves_everything_unsent(peer: Start, stream: Open) -> None:
    server = peer()
    open_ = greeted(stream(server))
    server.sessions[0].interject(reset())
    with pytest.raises(ConnectFailed) as caught:
        open_.write([b"NOOP\r\n"], 5)
    assert caught.value.unsent == 6


@pytest.mark.catalogue("F40")
def test_a_connection_on_which_something_arrived_is_stale(peer: Start, stream: Open) -> None:
    server = peer()
    open_ = greeted(stream(server))
    assert not open_.stale
    server.sessions[0].interject(raw(b"421 bye\r\n"))
    time.sleep(0.01)
    assert open_.stale


def test_silence_is_not_stale(peer: Start, stream: Open) -> None:
    open_ = greeted(stream(peer()))
    time.sleep(0.01)
    assert not open_.stale


@pytest.mark.catalogue("F1", "F5")
def test_all_addresses_are_tried_before_it_is_given_up(closed_port: Address) -> None:
    names = resolver({"many.test": ["127.0.0.1", "127.0.0.2", "127.0.0.3"]})
    with pytest.raises(ConnectFailed, match="nothing listens there"):
        connect(Connect("many.test", closed_port.port, timeout=5), names)


@pytest.mark.catalogue("F2")
def test_the_time_to_connect_is_for_all_addresses_together(blackhole: Address) -> None:
    names = resolver({"many.test": [blackhole.host] * 3})
    begun = time.monotonic()
    with pytest.raises(TimedOut):
        connect(Connect("many.test", blackhole.port, timeout=0.3), names)
    assert time.monotonic() - begun < 0.8


def test_a_name_without_addresses_is_told(peer: Start) -> None:
    with pytest.raises((ConnectFailed, TimedOut)):
        connect(Connect("none.test", 25, timeout=0.2), lambda host, port: [])


def test_the_source_address_is_kept_to(peer: Start) -> None:
    server = peer()
    open_ = greeted(connect(Connect(server.host, server.port, timeout=5, source_address="127.0.0.7"), resolve))
    assert open_._sock.getsockname()[0] == "127.0.0.7"
    assert open_.local_name in ("[127.0.0.7]", socket.gethostname())
    open_.close()


def test_a_path_is_a_unix_socket(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("s") / "lmtp"
    with Peer(path=path, lmtp=True) as server:
        open_ = greeted(connect(Connect(server.host, 0, timeout=5), resolve))
        assert open_.local_name
        open_.close()
    with pytest.raises(ConnectFailed):
        connect(Connect(str(path), 0, timeout=5), resolve)


@given(st.lists(st.one_of(st.binary(max_size=10), st.integers(0, 3 * BLOCK).map(bytes)), max_size=12))
def test_blocks_are_the_data_in_moderate_pieces(data: list[bytes]) -> None:
    joined = list(blocks(data))
    assert b"".join(joined) == b"".join(data)
    assert all(joined)
    assert all(len(piece) <= BLOCK or piece in data for piece in joined)


def test_large_pieces_are_not_copied() -> None:
    large = b"x" * (BLOCK + 1)
    assert any(piece is large for piece in blocks([b"head", large, b"tail"]))


def test_a_timeout_says_what_it_waited_for(blackhole: Address) -> None:
    with pytest.raises(TimedOut) as caught:
        connect(Connect(blackhole.host, blackhole.port, timeout=0.1), resolve)
    assert "did not answer within 0.1 s" in caught.value.text
    assert any("2525" in hint for hint in caught.value.hints)


def unanswerable(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
    return [(socket.AF_INET, ("255.255.255.255", port))]


def test_an_address_that_cannot_be_is_told() -> None:
    with pytest.raises(ConnectFailed):
        connect(Connect("odd.test", 25, timeout=1), unanswerable)
