"""One exchange, whole or broken, by each engine: the response or the error, and what becomes of the connection."""

from __future__ import annotations

import time
import traceback

import pytest
from support.addresses import Address
from support.http_engines import Engine, options, post
from support.http_peer import (
    HttpAction,
    HttpPeer,
    answer,
    bomb,
    chunked,
    deflate,
    drip,
    drop,
    early,
    flood,
    freeze,
    gzip,
    head,
    raw,
    read,
    reset,
    stall,
)

from mailbridge.errors import ConfigError, ConnectFailed, MailError, OutcomeUnknown, TimedOut
from mailbridge.flow.http import HttpRequest

KEY = "key-canary-5Tz"


def failing(engine: Engine, peer: HttpPeer, **times: float) -> MailError:
    with pytest.raises(MailError) as caught:
        engine.exchange(post(f"{peer.url}/send", b"{}", ("Authorization", f"Bearer {KEY}")), options(**times))
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert KEY not in shown
    return caught.value


def test_a_request_arrives_as_it_was_made(engine: Engine) -> None:
    with HttpPeer([answer(202, {"id": "x"}, [("X-One", "1"), ("X-One", "2")])]) as peer:
        request = HttpRequest.json("POST", f"{peer.url}/v3/send?a=b%20c", {"name": "Zoë"}, [("X-Key", "k")])
        response = engine.exchange(request)
        sent = peer.requests[0]
        assert (sent.method, sent.path, sent.body) == ("POST", "/v3/send?a=b%20c", '{"name":"Zoë"}'.encode())
        names = [name.lower() for name, _ in sent.pairs]
        assert len(names) == len(set(names))
        assert {name: sent.header(name) for name in ("host", "x-key", "content-type", "user-agent")} == {
            "host": peer.address,
            "x-key": "k",
            "content-type": "application/json",
            "user-agent": "mailbridge",
        }
        assert (sent.header("accept"), sent.header("accept-encoding")) == ("application/json", "identity")
        assert (response.status, response.data, response.complete) == (202, {"id": "x"}, True)
        assert list(response.headers_named("x-one")) == ["1", "2"]


def test_headers_of_a_request_go_before_ours(engine: Engine) -> None:
    with HttpPeer([answer()]) as peer:
        engine.exchange(post(peer.url, b"", ("accept", "text/plain"), ("User-Agent", "acme")))
        sent = peer.requests[0]
        assert [value for name, value in sent.pairs if name.lower() == "accept"] == ["text/plain"]
        assert sent.header("user-agent") == "acme"
        assert sent.header("content-length") == "0"


def test_a_connection_is_used_again(engine: Engine) -> None:
    with HttpPeer(answer(202)) as peer:
        for _ in range(3):
            engine.exchange(post(peer.url))
        assert [len(each.requests) for each in peer.connections] == [3]


@pytest.mark.parametrize("action", [gzip(202, {"id": "x"}), deflate(202, {"id": "x"}), chunked(b'{"id"', b': "x"}')])
def test_a_body_is_read_however_it_is_coded(engine: Engine, action: HttpAction) -> None:
    with HttpPeer([action]) as peer:
        response = engine.exchange(post(peer.url))
    assert (response.data, response.complete) == ({"id": "x"}, True)


def test_an_empty_body_is_complete_even_if_it_is_said_to_be_compressed(engine: Engine) -> None:
    with HttpPeer([answer(202, headers={"Content-Encoding": "gzip"}), answer(204)]) as peer:
        assert engine.exchange(post(peer.url)).complete
        assert engine.exchange(post(peer.url)).complete


@pytest.mark.parametrize(
    "action",
    [
        head(202, length=100) + raw(b'{"id":') + drop(),
        head(202, length=100) + raw(b'{"id":') + reset(),
        chunked(b'{"id":', status=202, end=b"") + drop(),
        head(202, length=100) + raw(b'{"id":') + stall(),
        head(202, length=100) + drip(b" " * 100, every=0.05),
    ],
    ids=["truncated", "reset", "unended", "stalled", "dripped"],
)
def test_a_response_that_breaks_off_is_returned_as_incomplete(engine: Engine, action: HttpAction) -> None:
    with HttpPeer([action, answer(200)]) as peer:
        response = engine.exchange(post(peer.url), options(read=0.3, total=0.6))
        assert (response.status, response.complete) == (202, False)
        assert engine.exchange(post(peer.url)).complete
        assert len(peer.connections) == 2
        peer.wait_for(lambda peer: peer.connections[0].end != "open")


def test_a_chunk_that_is_none_leaves_the_outcome_open(engine: Engine) -> None:
    """aiohttp reads the chunk together with the head, and lets the status go with it."""
    with HttpPeer([chunked(b'{"id":', status=202, end=b"zz\r\n"), answer(200)]) as peer:
        try:
            assert not engine.exchange(post(peer.url)).complete
        except OutcomeUnknown:
            assert engine.name == "aiohttp"
        assert engine.exchange(post(peer.url)).complete
        assert len(peer.connections) == 2


def test_a_body_that_cannot_be_decompressed_is_incomplete(engine: Engine) -> None:
    with HttpPeer([answer(202, b"\x1f\x8b\x08\x00nonsense", {"Content-Encoding": "gzip"})]) as peer:
        response = engine.exchange(post(peer.url))
    assert (response.status, response.complete) == (202, False)


@pytest.mark.parametrize("action", [bomb(202), flood(202)], ids=["gzip-bomb", "gigabyte"])
def test_a_body_without_end_is_cut(engine: Engine, action: HttpAction) -> None:
    with HttpPeer([action]) as peer:
        response = engine.exchange(post(peer.url))
        assert (response.status, response.complete, len(response.body)) == (202, False, 1 << 20)
        peer.wait_for(lambda peer: peer.connections[0].end != "open")
        assert peer.flooded < 100 << 20


def test_a_body_of_exactly_the_limit_is_complete(engine: Engine) -> None:
    with HttpPeer([answer(200, b"x" * (1 << 20)), answer(200, b"x" * (1 << 20) + b"x")]) as peer:
        assert engine.exchange(post(peer.url)).complete
        assert not engine.exchange(post(peer.url)).complete


@pytest.mark.parametrize(
    "action",
    [
        drop(),
        reset(),
        stall(),
        raw(b"HTTP/1.1 20") + drop(),
        raw(b"SMTP ready\r\n\r\n") + drop(),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", every=0.05),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n") + drop(),
        raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000) + drop(),
    ],
    ids=["closed", "reset", "stalled", "half-a-line", "no-http", "dripped", "bad-length", "long-header"],
)
def test_a_request_without_an_answer_may_have_been_accepted(engine: Engine, action: HttpAction) -> None:
    with HttpPeer([action, answer()]) as peer:
        begun = time.monotonic()
        error = failing(engine, peer, read=0.3, total=0.6)
        assert time.monotonic() - begun < 5
        assert type(error) is OutcomeUnknown
        assert error.phase == "send"
        peer.wait_for(lambda peer: peer.connections[0].end != "open")
        assert engine.exchange(post(peer.url)).complete


def test_a_connection_lost_in_the_middle_of_the_body_may_have_been_enough(engine: Engine) -> None:
    with HttpPeer([early(read(1000) + reset())], receive_buffer=4096) as peer, pytest.raises(OutcomeUnknown):
        engine.exchange(post(peer.url, b"x" * 20_000_000))


def test_a_server_that_reads_no_more_is_left_after_the_time_for_writing(engine: Engine) -> None:
    with HttpPeer([early(freeze())], receive_buffer=4096) as peer, pytest.raises(OutcomeUnknown):
        engine.exchange(post(peer.url, b"x" * 20_000_000), options(write=0.3, read=0.3, total=1.0))


def test_an_answer_that_comes_before_the_body_was_read_is_heard(engine: Engine) -> None:
    """Without the close of `drop`, which would throw away what the server has not read, and its answer with it."""
    big = b"x" * 5_000_000
    with HttpPeer([early(answer(413, "too large", {"Connection": "close"}))]) as peer:
        response = engine.exchange(post(peer.url, big))
    assert (response.status, response.text) == (413, "too large")


def test_a_refused_connection_is_said(engine: Engine, closed_port: Address) -> None:
    with pytest.raises(ConnectFailed, match=r"No connection to 127\.0\.0\.1.*\. Check base_url and proxy"):
        engine.exchange(post(f"http://{closed_port}/"))


def test_a_connection_that_is_not_answered_times_out(engine: Engine, blackhole: Address) -> None:
    with pytest.raises(TimedOut, match=r"127\.0\.0\.1 did not answer within 0\.2 s\. Check base_url"):
        engine.exchange(post(f"http://{blackhole}/"), options(connect=0.2))


def test_a_deadline_that_ends_before_there_is_a_connection_is_no_unknown_outcome(
    engine: Engine, blackhole: Address
) -> None:
    with pytest.raises(TimedOut, match=r"within 0\.2 s"):
        engine.exchange(post(f"http://{blackhole}/"), options(connect=5, total=0.2))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_answers(engine: Engine, status: int) -> None:
    with HttpPeer() as other, HttpPeer([answer(status, headers={"Location": f"{other.url}/x"})]) as peer:
        response = engine.exchange(post(peer.url, b"{}", ("Authorization", f"Bearer {KEY}")))
        assert (response.status, response.header("location")) == (status, f"{other.url}/x")
        assert other.connections == []


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (post("http://127.0.0.1:1/", b"", ("X-Key", "schlüssel")), "its header X-Key holds characters"),
        (post("http://127.0.0.1:1/", b"", ("X-Key", "a\r\nX-Other: b")), "or a line break"),
        (post("ftp://127.0.0.1/"), "cannot be used"),
    ],
    ids=["beyond-ascii", "line-break", "scheme"],
)
def test_what_cannot_be_sent_is_a_matter_of_configuration(engine: Engine, request_: HttpRequest, words: str) -> None:
    with HttpPeer(strict=False) as peer:
        request = HttpRequest("POST", request_.url.replace("127.0.0.1:1/", f"{peer.address}/"), request_.headers)
        with pytest.raises(ConfigError, match=words):
            engine.exchange(request)
        assert peer.requests == []


def test_cookies_are_not_kept(engine: Engine) -> None:
    with HttpPeer([answer(200, headers={"Set-Cookie": "a=b"}), answer()]) as peer:
        engine.exchange(post(peer.url))
        engine.exchange(post(peer.url))
        assert peer.requests[1].header("cookie") is None
