"""The scripted HTTP server does what its script says, and complains where it must."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading

import pytest
from support.certificates import certificates
from support.http_peer import (
    HttpPeer,
    Request,
    answer,
    bomb,
    chunked,
    delay,
    drop,
    early,
    flood,
    gzip,
    head,
    raw,
    read,
    reset,
    stall,
    tunnel,
    wait_for,
)


def call(peer: HttpPeer, method: str = "POST", path: str = "/send", body: bytes = b"{}") -> tuple[int, bytes]:
    client = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=5)
    try:
        client.request(method, path, body, {"Content-Type": "application/json"})
        response = client.getresponse()
        return response.status, response.read()
    finally:
        client.close()


def test_a_request_is_recorded_and_answered() -> None:
    with HttpPeer([answer(202, {"id": "x"}, {"X-Id": "y"})]) as peer:
        assert call(peer, path="/send?a=b", body=b'{"n": 1}') == (202, b'{"id": "x"}')
        sent = peer.requests[0]
        assert (sent.method, sent.path, sent.json, sent.complete) == ("POST", "/send?a=b", {"n": 1}, True)
        assert sent.url == f"{peer.url}/send?a=b"
        assert sent.header("CONTENT-type") == "application/json"


def test_a_function_answers_by_what_is_asked() -> None:
    def mirrored(request: Request) -> object:
        return answer(200, request.body) if request.method == "POST" else None

    with HttpPeer(mirrored) as peer:  # type: ignore[arg-type]
        assert call(peer, body=b"[1]") == (200, b"[1]")
        assert call(peer, "GET")[0] == 404


def test_a_function_that_fails_fails_the_test() -> None:
    peer = HttpPeer(lambda request: request.json["missing"]).start()
    assert call(peer)[0] == 500
    with pytest.raises(KeyError, match="missing"):
        peer.stop()


def test_an_action_that_is_not_reached_fails_the_test() -> None:
    with (
        pytest.raises(AssertionError, match=r"not reached: \[answer\(500\)\]"),
        HttpPeer([answer(), answer(500)]) as peer,
    ):
        call(peer)


def test_a_request_beyond_the_script_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="more requests"), HttpPeer([]) as peer:
        assert call(peer)[0] == 500


def test_a_connection_serves_several_requests() -> None:
    with HttpPeer([answer(200, b"a"), answer(200, b"b") + drop()]) as peer:
        client = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=5)
        for expected in (b"a", b"b"):
            client.request("GET", "/")
            assert client.getresponse().read() == expected
        client.close()
        assert len(peer.connections) == 1
        assert peer.connections[0].end == "dropped"


@pytest.mark.parametrize("action", [head(200, length=9) + raw(b"1") + drop(), chunked(b"1", end=b"") + drop()])
def test_a_body_is_cut_short(action: object) -> None:
    with HttpPeer([action]) as peer, pytest.raises(http.client.IncompleteRead):  # type: ignore[list-item]
        call(peer)


def test_a_connection_is_reset_in_the_middle_of_a_body() -> None:
    with HttpPeer([early(read(1000) + reset())]) as peer:
        with pytest.raises(ConnectionError):
            call(peer, body=b"x" * 20_000_000)
        assert not peer.requests[0].complete


def test_an_answer_comes_before_the_body_is_sent() -> None:
    with HttpPeer([early(answer(413) + drop())]) as peer, socket.create_connection(("127.0.0.1", peer.port)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413")


def test_compressed_and_endless_bodies_are_sent() -> None:
    with HttpPeer([gzip(200, {"a": 1}), bomb(200, 4 << 20), flood(200, 4 << 20)]) as peer:
        assert call(peer)[1][:2] == b"\x1f\x8b"
        assert len(call(peer)[1]) < 10_000
        assert len(call(peer)[1]) == 4 << 20
        peer.wait_for(lambda peer: peer.flooded == 4 << 20)


def test_a_stalled_request_ends_with_the_client() -> None:
    with HttpPeer([stall()]) as peer:
        with socket.create_connection(("127.0.0.1", peer.port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            peer.wait_for(lambda peer: peer.requests)
        peer.wait_for(lambda peer: peer.connections[0].end == "eof")


def test_the_test_says_when_to_answer() -> None:
    event = threading.Event()
    with HttpPeer([wait_for(event) + delay(0) + answer(201)]) as peer:
        caller = threading.Thread(target=lambda: seen.append(call(peer)[0]))
        seen: list[int] = []
        caller.start()
        peer.wait_for(lambda peer: peer.requests)
        assert seen == []
        event.set()
        caller.join()
        assert seen == [201]


def test_it_speaks_tls_and_tunnels() -> None:
    with HttpPeer([answer(200, b"deep")], tls=True) as server, HttpPeer([tunnel()]) as proxy:
        context = ssl.create_default_context(cafile=certificates().ca_file)
        client = http.client.HTTPSConnection("127.0.0.1", proxy.port, context=context, timeout=5)
        client.set_tunnel("127.0.0.1", server.port)
        client.request("GET", "/")
        assert client.getresponse().read() == b"deep"
        client.close()
        assert (proxy.requests[0].method, proxy.requests[0].target) == ("CONNECT", server.address)


def test_a_connection_is_refused_by_script_before_anything_is_read() -> None:
    with HttpPeer([answer()], connect=[drop(), None]) as peer:
        with pytest.raises(ConnectionError):
            call(peer)
        assert call(peer)[0] == 200
