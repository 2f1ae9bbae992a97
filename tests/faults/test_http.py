"""Faults of HTTP APIs (H1-H33), for one provider of each shape of answer, by threads and by event loops.

H26 is left out on purpose: it is about HTTP/2, and we speak HTTP/1.1 only (docs/adr/0016). A test below
says so if that changes. H14 and H30 belong to single providers and stand with them.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.addresses import Address, resolver
from support.http_peer import (
    HttpAction,
    HttpPeer,
    Request,
    answer,
    bomb,
    chunked,
    drip,
    drop,
    early,
    flood,
    head,
    raw,
    read,
    reset,
    stall,
)
from support.http_shapes import BATCHES, SHAPES, Shape
from support.trial import PASSWORD, Trial, fates, message, numbered

from mailbridge import Mailer
from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ConnectFailed,
    ContentRefused,
    MailError,
    OutcomeUnknown,
    RateLimited,
    ServerError,
    TimedOut,
    TlsMisconfigured,
)
from mailbridge.receipt import Receipt


@pytest.fixture(params=SHAPES, ids=str)
def shape(request: pytest.FixtureRequest) -> Shape:
    chosen: Shape = request.param
    return chosen


@pytest.fixture(params=BATCHES, ids=str)
def batching(request: pytest.FixtureRequest) -> Shape:
    chosen: Shape = request.param
    return chosen


def after(*actions: HttpAction, then: Shape) -> Any:
    """Return a script: these actions, and then everything is well."""
    left: Iterator[HttpAction] = iter(actions)
    return lambda request: next(left, None) or then.taken(request)


@pytest.mark.catalogue("H7")
def test_all_is_well(trial: Trial, shape: Shape) -> None:
    with HttpPeer(shape.taken) as peer:
        receipt = trial.send(Mailer(shape.dsn(peer)))
        assert isinstance(receipt, Receipt), receipt
        assert receipt.provider_id.strip("<>").startswith("id-1")
        assert len(peer.requests) == 1


# --- before anything was sent


@pytest.mark.catalogue("H1")
def test_a_refused_connection_may_go_elsewhere(trial: Trial, shape: Shape, closed_port: Address) -> None:
    trial.fails(Mailer(shape.dsn(f"http://{closed_port}")), "T", ConnectFailed, phase="connect")


@pytest.mark.catalogue("H1")
def test_a_connection_that_is_not_answered_may_go_elsewhere(trial: Trial, shape: Shape, blackhole: Address) -> None:
    trial.fails(Mailer(shape.dsn(f"http://{blackhole}")), "T", TimedOut, phase="connect")


@pytest.mark.catalogue("H1")
@pytest.mark.parametrize("certificate", ["expired", "wrong_host", "self_signed"])
def test_a_bad_certificate_gets_no_key(trial: Trial, shape: Shape, certificate: Any) -> None:
    with HttpPeer([], tls=True, certificate=certificate) as peer:
        trial.fails(Mailer(shape.dsn(peer, ca_file=peer.ca_file)), "C", TlsMisconfigured, phase="tls")
        assert peer.requests == []


@pytest.mark.catalogue("H1")
def test_a_name_that_does_not_exist_is_said(trial: Trial, shape: Shape) -> None:
    mailer = Mailer(shape.dsn("https://gone.test"), resolver=resolver({"gone.test": socket.EAI_NONAME}))
    trial.fails(mailer, "C", ConfigError, phase="connect")


@pytest.mark.catalogue("H1")
def test_what_was_not_sent_is_failed_over(trial: Trial, shape: Shape, closed_port: Address) -> None:
    with HttpPeer(shape.taken) as peer:
        mailer = Mailer(f"failover({shape.dsn(f'http://{closed_port}')}, {shape.dsn(peer)})")
        receipt = trial.send(mailer)
        assert isinstance(receipt, Receipt)
        assert [attempt.error for attempt in receipt.attempts] == ["ConnectFailed", ""]
        assert len(peer.requests) == 1


@pytest.mark.catalogue("H2")
def test_without_a_free_connection_nothing_is_sent(trial: Trial, shape: Shape) -> None:
    """The one connection is held by an answer that comes slowly, though never too slowly."""
    slowly = raw(b"HTTP/1.1 503 Later\r\nContent-Length: 8\r\n\r\n") + drip(b" " * 8, every=0.1)
    with HttpPeer([slowly]) as peer, trial.using(Mailer(shape.dsn(peer, connections=1, deadline=5))) as mailer:
        with ThreadPoolExecutor() as threads:
            if trial.colour.name == "sync":
                holder = threads.submit(mailer.send, message())
                peer.wait_for(lambda peer: peer.requests)
                error: Any = trial.send(mailer)
                assert isinstance(holder.exception(), ServerError)
            else:
                _, error = trial.colour.call(_both, mailer)
        assert isinstance(error, TimedOut), error
        assert (error.phase, error.retry) == ("connect", "yes")
        assert len(peer.requests) == 1


async def _both(mailer: Mailer) -> list[Any]:
    return await asyncio.gather(mailer.asend(message()), mailer.asend(message()), return_exceptions=True)


# --- after something was sent


@pytest.mark.catalogue("H3")
def test_a_connection_lost_in_the_middle_of_the_request_leaves_the_outcome_open(trial: Trial, shape: Shape) -> None:
    long = message(text="long " * 200_000)
    with HttpPeer([early(read(1000) + reset())], receive_buffer=4096) as peer:
        trial.fails(Mailer(shape.dsn(peer)), "A", OutcomeUnknown, mail=long, phase="send")


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(stall(), id="H4-no-answer"),
        pytest.param(reset(), id="H4-reset"),
        pytest.param(drop(), id="H4-closed"),
        pytest.param(raw(b"HTTP/1.1 2") + drop(), id="H4-half-a-status"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", every=0.1), id="H25-dripped-head"),
    ],
)
def test_a_request_without_an_answer_leaves_the_outcome_open(trial: Trial, shape: Shape, action: HttpAction) -> None:
    with HttpPeer([action]) as peer:
        trial.fails(Mailer(shape.dsn(peer)), "A", OutcomeUnknown, phase="send", within=1.5)
        assert len(peer.requests) == 1
        peer.wait_for(lambda peer: peer.connections[0].end != "open")


@pytest.mark.catalogue("H4")
def test_an_unknown_outcome_is_never_failed_over_by_itself(trial: Trial, shape: Shape) -> None:
    with HttpPeer([drop()]) as first, HttpPeer([]) as second:
        mailer = Mailer(f"failover({shape.dsn(first)}, {shape.dsn(second)})")
        trial.fails(mailer, "A", OutcomeUnknown)


@pytest.mark.catalogue("H4", "H16")
def test_an_unknown_outcome_is_tried_again_only_under_a_key(trial: Trial, shape: Shape) -> None:
    with HttpPeer(after(drop(), then=shape)) as peer:
        outcome = trial.send(Mailer(f"retry({shape.dsn(peer)}, wait=0.01)"))
        assert isinstance(outcome, Receipt) is shape.keyed, outcome
        keys = {request.header("Idempotency-Key") for request in peer.requests}
        assert (len(peer.requests), len(keys)) == (2 if shape.keyed else 1, 1)


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(head(202, {"X-Message-Id": "x"}, length=100) + raw(b'{"id":') + drop(), id="H5-truncated"),
        pytest.param(head(202, {"X-Message-Id": "x"}, length=100) + raw(b'{"id":') + reset(), id="H5-reset"),
        pytest.param(chunked(b'{"id":', status=202, end=b"") + drop(), id="H5-chunk-missing"),
        pytest.param(chunked(b'{"id":', status=202, end=b"zz\r\n"), id="H5-chunk-broken"),
        pytest.param(head(202, length=100) + drip(b" " * 100, every=0.1), id="H25-dripped-body"),
        pytest.param(bomb(202, 64 << 20, {"X-Message-Id": "x"}), id="H24-gzip-bomb"),
        pytest.param(flood(202, headers={"X-Message-Id": "x"}), id="H24-a-gigabyte"),
        pytest.param(answer(200, "<html>Sign in to the WiFi</html>", {"Content-Type": "text/html"}), id="H6-html"),
        pytest.param(answer(200, b'{"id": NaN}'), id="H32-nan"),
        pytest.param(answer(200, b"[" * 10_000), id="H32-deep"),
        pytest.param(answer(200, b'{"id": "\xff"}'), id="H32-utf-8"),
        pytest.param(answer(200, b'{"x": 1, "x": 2}'), id="H32-twice"),
    ],
)
def test_a_success_that_cannot_be_read_leaves_the_outcome_open(trial: Trial, shape: Shape, action: HttpAction) -> None:
    with HttpPeer([action], strict=False) as first, HttpPeer([]) as second:
        mailer = Mailer(f"failover({shape.dsn(first)}, {shape.dsn(second)})")
        trial.fails(mailer, "A", OutcomeUnknown, within=3.0)
        assert len(first.requests) == 1


@pytest.mark.parametrize(
    "status", [pytest.param(status, id=f"H20-{status}") for status in (500, 502, 504, 520, 521, 522, 524)]
)
def test_a_failure_after_the_whole_request_leaves_the_outcome_open(trial: Trial, shape: Shape, status: int) -> None:
    with HttpPeer([answer(status, "<html>nginx</html>", {"Content-Type": "text/html"})]) as peer:
        trial.fails(Mailer(shape.dsn(peer)), "A", OutcomeUnknown, code=status)


@pytest.mark.catalogue("H27")
def test_a_connection_that_went_stale_is_replaced(trial: Trial, shape: Shape) -> None:
    left = iter([True])

    def once(request: Request) -> HttpAction:
        return shape.taken(request) + drop() if next(left, False) else shape.taken(request)

    with HttpPeer(once) as peer, trial.using(Mailer(shape.dsn(peer))) as mailer:
        first = trial.send(mailer)
        peer.wait_for(lambda peer: peer.connections[0].end == "dropped")
        if trial.colour.name == "async":
            trial.colour.call(asyncio.sleep, 0.01)  # the event loop hears of it
        second = trial.send(mailer)
        assert fates([first, second]) == ["ok", "ok"]
        assert len(peer.connections) == 2


# --- refusals


@pytest.mark.parametrize(
    ("status", "letter", "kind"),
    [
        pytest.param(301, "C", ConfigError, id="H8-301"),
        pytest.param(302, "C", ConfigError, id="H8-302"),
        pytest.param(307, "C", ConfigError, id="H8-307"),
        pytest.param(308, "C", ConfigError, id="H8-308"),
        pytest.param(400, "P", ContentRefused, id="H9-400"),
        pytest.param(413, "P", ContentRefused, id="H9-413"),
        pytest.param(415, "P", ContentRefused, id="H9-415"),
        pytest.param(422, "P", ContentRefused, id="H9-422"),
        pytest.param(401, "C", AuthFailed, id="H10-401"),
        pytest.param(403, "C", AuthFailed, id="H11-403"),
        pytest.param(402, "C", ConfigError, id="H12-402"),
        pytest.param(404, "C", ConfigError, id="H13-404"),
        pytest.param(405, "C", ConfigError, id="H13-405"),
        pytest.param(410, "C", ConfigError, id="H13-410"),
        pytest.param(408, "T", ServerError, id="H15-408"),
        pytest.param(425, "T", ServerError, id="H15-425"),
        pytest.param(409, "P", ContentRefused, id="H16-409"),
        pytest.param(429, "T", RateLimited, id="H19-429"),
        pytest.param(503, "T", ServerError, id="H21-503"),
    ],
)
def test_a_refusal_is_told_by_its_status(
    trial: Trial, shape: Shape, status: int, letter: str, kind: type[MailError]
) -> None:
    """Without words of the provider's own, which may say more."""
    with HttpPeer([]) as elsewhere, HttpPeer([answer(status, headers={"Location": f"{elsewhere.url}/x"})]) as peer:
        trial.fails(Mailer(shape.dsn(peer)), letter, kind, code=status, phase="response")
        assert len(peer.requests) == 1
        assert elsewhere.connections == []


@pytest.mark.catalogue("H9")
def test_a_refusal_before_the_body_was_read_is_heard(trial: Trial, shape: Shape) -> None:
    long = message(text="long " * 100_000)
    with HttpPeer([early(answer(413, headers={"Connection": "close"}))]) as peer:
        trial.fails(Mailer(shape.dsn(peer)), "P", ContentRefused, mail=long, code=413)


@pytest.mark.catalogue("H12")
def test_words_of_a_quota_are_kept(trial: Trial, shape: Shape) -> None:
    with HttpPeer([answer(402, {"message": "Your quota is used up"})]) as peer:
        trial.fails(Mailer(shape.dsn(peer)), "C", ConfigError, code=402)


@pytest.mark.catalogue("H17")
def test_after_a_limit_nobody_asks_before_its_time(trial: Trial, shape: Shape) -> None:
    with (
        HttpPeer([answer(429, headers={"Retry-After": "120"})]) as peer,
        trial.using(Mailer(shape.dsn(peer))) as mailer,
    ):
        first = trial.fails(mailer, "T", RateLimited, code=429)
        second = trial.fails(mailer, "T", RateLimited)
        assert first.retry_after == 120.0
        assert 100 < (second.retry_after or 0) <= 120
        assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("values", "least", "most"),
    [
        pytest.param(["Wed, 21 Oct 2015 07:28:00 GMT"], 0.0, 0.0, id="H18-past"),
        pytest.param(["Fri, 21 Oct 2095 07:28:00 GMT"], 21_600.0, 21_600.0, id="H18-date"),
        pytest.param(["-1"], 0.0, 0.0, id="H18-negative"),
        pytest.param(["1e12"], 21_600.0, 21_600.0, id="H18-huge"),
        pytest.param(["soon"], None, None, id="H18-garbage"),
        pytest.param(["5", "9"], 9.0, 9.0, id="H18-two"),
    ],
)
def test_every_form_of_a_wait_is_read(
    trial: Trial, shape: Shape, values: list[str], least: float | None, most: float | None
) -> None:
    with HttpPeer([answer(429, headers=[("Retry-After", value) for value in values])]) as peer:
        wait = trial.fails(Mailer(shape.dsn(peer)), "T", RateLimited, code=429).retry_after
    assert wait == least == most


@pytest.mark.catalogue("H19")
def test_a_limit_without_a_time_is_tried_again(trial: Trial, shape: Shape) -> None:
    with HttpPeer(after(answer(429), then=shape)) as peer:
        receipt = trial.send(Mailer(f"retry({shape.dsn(peer)}, wait=0.01)"))
        assert isinstance(receipt, Receipt)
        assert [attempt.code for attempt in receipt.attempts][:1] == [429]


@pytest.mark.catalogue("H21")
def test_a_server_that_is_not_available_may_be_asked_again(trial: Trial, shape: Shape) -> None:
    with HttpPeer(after(answer(503, headers={"Retry-After": "0"}), then=shape)) as peer:
        assert isinstance(trial.send(Mailer(f"retry({shape.dsn(peer)}, wait=0.01)")), Receipt)
        assert len(peer.requests) == 2


@pytest.mark.catalogue("H33")
@pytest.mark.parametrize("status", [400, 401, 403, 422, 429, 500])
def test_a_key_that_the_answer_repeats_is_shown_to_nobody(trial: Trial, shape: Shape, status: int) -> None:
    """`Trial` looks for it in the error, its pickle, the traceback's variables and the log."""
    key = shape.user
    body = {"message": f"the key {key} is bad", "name": key, "errors": [{"message": key, "field": key, "code": key}]}
    with HttpPeer([answer(status, body), answer(status, f"no {key} here", {"Content-Type": "text/plain"})]) as peer:
        mailer = Mailer(shape.dsn(peer))
        for _ in range(2):
            assert isinstance(trial.send(mailer), MailError)


# --- batches


@pytest.mark.catalogue("H22")
def test_a_refusal_inside_a_batch_is_that_of_one_message(trial: Trial) -> None:
    shape = BATCHES[0]

    def second_refused(request: Request) -> HttpAction:
        bad = {"ErrorCode": 300, "Message": "Invalid email request"}
        good = {"ErrorCode": 0, "Message": "OK", "MessageID": "id"}
        return answer(200, [bad if each["Subject"] == "number 1." else good for each in request.json])

    with HttpPeer(second_refused) as peer:
        outcomes = trial.send_many(Mailer(shape.dsn(peer)), numbered(3))
        assert fates(outcomes)[::2] == ["ok", "ok"]
        assert isinstance(outcomes[1], MailError)
        assert outcomes[1].outbox == "dead"
        assert len(peer.requests) == 1


@pytest.mark.catalogue("H23")
@pytest.mark.parametrize("told", [0, 2, 5])
def test_messages_that_a_batch_does_not_tell_of_are_in_doubt(trial: Trial, batching: Shape, told: int) -> None:
    def other(request: Request) -> HttpAction:
        if batching.name == "postmark":
            return answer(200, [{"ErrorCode": 0, "Message": "OK", "MessageID": f"id-{n}"} for n in range(told)])
        return answer(200, {"data": [{"id": f"id-{n}"} for n in range(told)]})

    with HttpPeer(other) as peer:
        outcomes = trial.send_many(Mailer(batching.dsn(peer)), numbered(3))
        assert fates(outcomes) == ["ok"] * min(told, 3) + ["OutcomeUnknown"] * (3 - told)
        assert len(peer.requests) == 1


@pytest.mark.catalogue("H4", "H23")
def test_a_batch_without_an_answer_is_in_doubt_as_a_whole(trial: Trial, batching: Shape) -> None:
    with HttpPeer(after(drop(), then=batching)) as peer:
        outcomes = trial.send_many(Mailer(f"retry({batching.dsn(peer)}, wait=0.01)"), numbered(3))
        assert fates(outcomes) == ["OutcomeUnknown"] * 3
        assert len(peer.requests) == 1


# --- the way there


@pytest.mark.parametrize(
    ("action", "letter", "kind"),
    [
        pytest.param(answer(407), "C", ConfigError, id="H28-407"),
        pytest.param(answer(502), "T", ConnectFailed, id="H28-502"),
        pytest.param(stall(), "T", TimedOut, id="H28-hangs"),
    ],
)
def test_a_proxy_that_fails_has_sent_nothing(
    trial: Trial, shape: Shape, action: HttpAction, letter: str, kind: type[MailError]
) -> None:
    with HttpPeer([action]) as proxy:
        mailer = Mailer(
            shape.dsn("https://api.test", proxy=f"http://ann:{PASSWORD}%40{proxy.address}".replace("%40", "@"))
        )
        trial.fails(mailer, letter, kind, phase="connect")
        assert [request.method for request in proxy.requests] == ["CONNECT"]


@pytest.mark.catalogue("H29")
def test_the_environments_proxy_is_not_asked(
    trial: Trial, shape: Shape, monkeypatch: pytest.MonkeyPatch, closed_port: Address
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://{closed_port}")
    with HttpPeer(shape.taken) as peer:
        assert isinstance(trial.send(Mailer(shape.dsn(peer))), Receipt)


def test_http_2_is_not_spoken(trial: Trial, shape: Shape) -> None:
    """If it ever is, H26 (GOAWAY, REFUSED_STREAM) needs tests, and leaves the exceptions of the catalogue."""
    with HttpPeer(shape.taken, tls=True) as peer:
        peer.tls.set_alpn_protocols(["h2", "http/1.1"])  # type: ignore[union-attr]
        assert isinstance(trial.send(Mailer(shape.dsn(peer, ca_file=peer.ca_file))), Receipt)
        tls: Any = peer.connections[0].wire.tls
        assert tls.selected_alpn_protocol() in (None, "http/1.1")
