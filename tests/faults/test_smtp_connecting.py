"""Before the first command: names, addresses, greetings, EHLO."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.addresses import Address, resolver
from support.peer import HTTP_ANSWER, LONG_LINE, Peer, drip, drop, flood, raw, reply, reset, stall
from support.trial import LIMIT, QUICK, Trial, expect, left, message

from mailbridge.errors import ConfigError, ConnectFailed, MailError, RateLimited, ServerError, TimedOut
from mailbridge.mailer import Mailer
from mailbridge.receipt import Receipt

Start = Callable[..., Peer]


@pytest.mark.catalogue("F1")
def test_a_refused_connection_is_told_at_once(trial: Trial, closed_port: Address) -> None:
    error = trial.fails(Mailer(f"smtp://{closed_port}"), "T", ConnectFailed, phase="connect", within=0.2)
    assert error.fail_over == "yes"
    assert error.trips_breaker == "yes"
    assert "nothing listens there" in error.text


@pytest.mark.catalogue("F1")
def test_a_refused_connection_fails_over_at_once(trial: Trial, closed_port: Address, peer: Start) -> None:
    good = peer()
    with trial.using(Mailer(f"failover(smtp://{closed_port}, smtp://{good.address})")) as mailer:
        receipt = trial.send(mailer, within=0.2)
    assert isinstance(receipt, Receipt)
    assert [attempt.error for attempt in receipt.attempts] == ["ConnectFailed", ""]
    assert good.submissions == 1


@pytest.mark.catalogue("F1")
def test_every_message_of_a_batch_is_told_that_nobody_listens(trial: Trial, closed_port: Address) -> None:
    outcomes = trial.send_many(Mailer(f"smtp://{closed_port}"), [message()] * 5, within=0.5)
    assert len(outcomes) == 5
    for outcome in outcomes:
        expect(outcome, "T", phase="connect")
    assert len({id(outcome) for outcome in outcomes}) == 5


@pytest.mark.catalogue("F2")
def test_a_swallowed_syn_costs_the_connect_timeout(trial: Trial, blackhole: Address) -> None:
    mailer = Mailer(f"smtp://{blackhole}?connect_timeout=0.3")
    error = trial.fails(mailer, "T", TimedOut, phase="connect", within=0.3)
    assert "did not answer within 0.3 s" in error.text


@pytest.mark.catalogue("F3")
def test_a_name_that_does_not_exist_is_a_setting_to_correct(trial: Trial) -> None:
    mailer = Mailer("smtp://gone.test", resolver=resolver({"gone.test": socket.EAI_NONAME}))
    error = trial.fails(mailer, "C", ConfigError, phase="connect", within=0.2)
    assert "There is no host named gone.test." in error.text


@pytest.mark.catalogue("F3")
def test_a_name_that_does_not_exist_is_asked_for_once_a_batch(trial: Trial) -> None:
    asked = []
    gone = resolver({"gone.test": socket.EAI_NONAME})

    def count(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
        asked.append(host)
        return gone(host, port)

    outcomes = trial.send_many(Mailer("smtp://gone.test", resolver=count), [message()] * 20, within=0.5)
    for outcome in outcomes:
        expect(outcome, "C")
    assert len(outcomes) == 20
    assert asked == ["gone.test"]


@pytest.mark.catalogue("F4")
def test_a_failing_resolver_is_worth_another_try(trial: Trial) -> None:
    mailer = Mailer("smtp://mail.test", resolver=resolver({"mail.test": socket.EAI_AGAIN}))
    error = trial.fails(mailer, "T", ConnectFailed, phase="connect", within=0.2)
    assert "cannot be resolved now" in error.text


@pytest.mark.catalogue("F4")
def test_a_silent_resolver_costs_the_connect_timeout_and_one_question(trial: Trial) -> None:
    answer = threading.Event()
    asked = []

    def silent(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
        asked.append(host)
        answer.wait(5)
        raise socket.gaierror(socket.EAI_AGAIN, "late")

    mailer = Mailer("smtp://mail.test?connect_timeout=0.3", resolver=silent)
    begun = time.process_time()
    trial.fails(mailer, "T", TimedOut, phase="connect", within=0.3)
    answer.set()
    assert asked == ["mail.test"]
    assert time.process_time() - begun < 0.25, "waiting takes no processor time"


@pytest.mark.catalogue("F5")
@pytest.mark.parametrize("first", ["::1", "127.0.0.99"])
def test_the_second_address_is_as_good_as_the_first(trial: Trial, peer: Start, first: str) -> None:
    good = peer()
    names = resolver({"two.test": [first, "127.0.0.1"]})
    with trial.using(Mailer(f"smtp://two.test:{good.port}?tls=off", resolver=names)) as mailer:
        receipt = trial.send(mailer, within=1.0)
    assert isinstance(receipt, Receipt)
    assert len(receipt.attempts) == 1
    assert good.submissions == 1


@pytest.mark.catalogue("F5")
def test_a_swallowing_first_address_delays_a_little(trial: Trial, peer: Start, blackhole: Address) -> None:
    good = peer(host="127.0.0.2", port=blackhole.port)
    names = resolver({"two.test": [blackhole.host, "127.0.0.2"]})
    with trial.using(Mailer(f"smtp://two.test:{good.port}?tls=off", resolver=names)) as mailer:
        receipt = trial.send(mailer, within=0.5)
    assert isinstance(receipt, Receipt)
    assert len(receipt.attempts) == 1
    assert good.submissions == 1


@pytest.mark.parametrize(
    ("action", "letter", "kind", "code"),
    [
        pytest.param(reply("421 4.3.2 busy") + drop(), "T", ServerError, 421, id="F12-421"),
        pytest.param(reply("421 4.7.0 too many connections") + drop(), "T", RateLimited, 421, id="F12-421-rate"),
        pytest.param(reply("554 5.7.1 no mail from there") + drop(), "C", ConfigError, 554, id="F12-554"),
        pytest.param(stall(), "T", TimedOut, None, id="F12-none"),
        pytest.param(drop(), "T", ConnectFailed, None, id="F12-dropped"),
        pytest.param(reset(), "T", ConnectFailed, None, id="F12-reset"),
        pytest.param(HTTP_ANSWER, "C", ConfigError, None, id="F12-http"),
        pytest.param(drip(b"220 hello there\r\n", every=0.05), "T", TimedOut, None, id="F37-dripped"),
        pytest.param(flood(b"220-more\r\n"), "C", ConfigError, None, id="F38-endless"),
        pytest.param(LONG_LINE, "C", ConfigError, None, id="F38-long-line"),
        pytest.param(raw(b"220 hello\0\r\n"), "C", ConfigError, None, id="F39-nul"),
        pytest.param(raw(b"220 hello\n"), "C", ConfigError, None, id="F39-bare-lf"),
    ],
)
def test_a_bad_greeting_ends_the_connection(
    trial: Trial, peer: Start, action: Any, letter: str, kind: type[MailError], code: int | None
) -> None:
    bad = peer({"CONNECT": action})
    with trial.using(trial.mailer(bad, QUICK)) as mailer:
        error = trial.fails(mailer, letter, kind, phase="connect", code=code, within=LIMIT)
        assert error.fail_over == "yes"
        for session in bad.sessions:
            assert not session.verbs, "nothing is said to a server that did not greet"
            assert session.end, "closed, though the mailer is still open"
    assert bad.submissions == 0


@pytest.mark.parametrize(
    "greeting",
    [
        pytest.param(reply("421 4.3.2 busy") + drop(), id="F12-421"),
        pytest.param(reply("554 5.7.1 no mail from there") + drop(), id="F12-554"),
        pytest.param(HTTP_ANSWER, id="F12-http"),
    ],
)
def test_a_bad_greeting_fails_over(trial: Trial, peer: Start, greeting: Any) -> None:
    bad, good = peer({"CONNECT": greeting}), peer()
    with trial.using(Mailer(f"failover(smtp://{bad.address}, smtp://{good.address})")) as mailer:
        assert isinstance(trial.send(mailer), Receipt)
    assert (bad.submissions, good.submissions) == (0, 1)


@pytest.mark.parametrize("code", [pytest.param(500, id="F13-500"), pytest.param(502, id="F13-502")])
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_a_server_of_the_old_kind_gets_helo_and_no_extensions(trial: Trial, peer: Start, code: int, many: bool) -> None:
    old = peer({"EHLO": reply(f"{code} 5.5.1 what?")})
    with trial.using(trial.mailer(old)) as mailer:
        outcomes = trial.send_many(mailer, [message()] * 3) if many else [trial.send(mailer)]
    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    once = ["MAIL", "RCPT", "DATA"]
    for session in old.sessions:
        assert session.verbs == ["EHLO", "HELO", *once * len(session.messages), "QUIT"]
    assert old.submissions == len(outcomes)


@pytest.mark.parametrize(
    ("action", "kind", "code"),
    [
        pytest.param(reply("421 4.3.2 going down") + drop(), ServerError, 421, id="F14-421"),
        pytest.param(drop(), ConnectFailed, None, id="F14-dropped"),
        pytest.param(reset(), ConnectFailed, None, id="F14-reset"),
        pytest.param(stall(), TimedOut, None, id="F14-silent"),
    ],
)
def test_a_server_that_goes_at_ehlo_is_tried_again_later(
    trial: Trial, peer: Start, action: Any, kind: type[MailError], code: int | None
) -> None:
    going = peer({"EHLO": [action]})
    with trial.using(trial.mailer(going, QUICK)) as mailer:
        trial.fails(mailer, "T", kind, code=code, within=LIMIT)
        assert going.sessions[0].end, "closed, though the mailer is still open"
        assert isinstance(trial.send(mailer), Receipt)
    assert (going.connections, going.submissions) == (2, 1)


@pytest.mark.catalogue("F14")
def test_a_retry_reconnects_after_a_421_at_ehlo(trial: Trial, peer: Start) -> None:
    going = peer({"EHLO": [reply("421 4.3.2 going down") + drop()]})
    with trial.using(Mailer(f"retry(smtp://{going.address}?tls=off, wait=10ms)")) as mailer:
        receipt = trial.send(mailer)
    assert isinstance(receipt, Receipt)
    assert [attempt.error for attempt in receipt.attempts] == ["ServerError", ""]
    assert going.submissions == 1


@pytest.mark.catalogue("F14")
def test_nothing_is_left_open_by_a_server_that_did_not_answer(trial: Trial, peer: Start) -> None:
    silent = peer({"EHLO": stall()})
    with trial.using(trial.mailer(silent, QUICK)) as mailer:
        outcomes = trial.send_many(mailer, [message()] * 2, within=2 * LIMIT)
        for outcome in outcomes:
            expect(outcome, "T")
        assert all(left(session) for session in silent.sessions)
