"""Connections that are kept: when they are used again, and when they must not be."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from support.peer import Peer, delay, drop, nth, raw, reply, reset, stall, when
from support.trial import LIMIT, QUICK, Trial, fates, message, numbered

from mailbridge.extend import SmtpServer, SmtpTimeouts, SmtpTransport
from mailbridge.mailer import Mailer
from mailbridge.receipt import Receipt

Start = Callable[..., Peer]

DIALOGUES = {"bdat": "", "data": "CHUNKING", "plain": "CHUNKING PIPELINING"}


@pytest.fixture(params=DIALOGUES)
def without(request: pytest.FixtureRequest) -> str:
    """Run the test over each kind of dialogue; gives the extensions to leave out."""
    return DIALOGUES[request.param]


def hasty(peer: Peer, **options: Any) -> Mailer:
    """Return a mailer that does not wait long for the answer to QUIT."""
    server = SmtpServer(peer.host, peer.port, nonce=lambda: "nonce", timeouts=SmtpTimeouts(quit=0.2))
    return Mailer(SmtpTransport(server, **options))


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(reply("421 4.4.2 idle for too long") + drop(), id="F40-421"),
        pytest.param(drop(), id="F40-closed"),
        pytest.param(reset(), id="F40-reset"),
        pytest.param(reply("250 2.0.0 unasked"), id="F40-unasked"),
    ],
)
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_a_connection_that_was_closed_while_idle_costs_no_attempt(
    trial: Trial, peer: Start, without: str, end: Any, many: bool
) -> None:
    server = peer(without=without, strict=False)
    with trial.using(trial.mailer(server, "connections=1")) as mailer:
        assert isinstance(trial.send(mailer), Receipt)
        server.sessions[0].interject(end)
        time.sleep(0.02)
        outcomes = trial.send_many(mailer, numbered(3)) if many else [trial.send(mailer)]
    assert all(isinstance(outcome, Receipt) and len(outcome.attempts) == 1 for outcome in outcomes)
    assert (server.connections, server.submissions) == (2, 1 + len(outcomes))


@pytest.mark.catalogue("F40")
@pytest.mark.parametrize("end", [reply("421 4.4.2 idle") + drop(), drop(), reset()], ids=["421", "closed", "reset"])
def test_a_connection_that_was_closed_while_idle_is_noticed_under_tls(trial: Trial, peer: Start, end: Any) -> None:
    server = peer(tls="starttls", strict=False)
    with trial.using(trial.mailer(server, f"tls=starttls&ca_file={server.ca_file}")) as mailer:
        assert isinstance(trial.send(mailer), Receipt)
        assert isinstance(trial.send(mailer), Receipt)
        assert server.connections == 1, "a good connection under TLS is used again"
        server.sessions[0].interject(end)
        time.sleep(0.02)
        receipt = trial.send(mailer)
    assert isinstance(receipt, Receipt)
    assert len(receipt.attempts) == 1
    assert (server.connections, server.submissions) == (2, 3)


@pytest.mark.catalogue("F40")
def test_a_connection_idle_for_long_is_asked_first(trial: Trial, peer: Start, without: str) -> None:
    server = peer(without=without)
    with trial.using(trial.mailer(server, "max_idle=0")) as mailer:
        for _ in range(3):
            assert isinstance(trial.send(mailer), Receipt)
    assert server.sessions[0].verbs.count("NOOP") == 2
    assert server.connections == 1


@pytest.mark.catalogue("F40")
def test_a_connection_idle_for_a_moment_is_not_asked(trial: Trial, peer: Start) -> None:
    server = peer()
    with trial.using(trial.mailer(server)) as mailer:
        for _ in range(3):
            assert isinstance(trial.send(mailer), Receipt)
    assert server.count("NOOP") == 0
    assert server.connections == 1


@pytest.mark.catalogue("F40")
@pytest.mark.parametrize(
    "action",
    [reply("421 4.4.2 idle") + drop(), reply("500 what?"), drop(), reset(), stall(), reply("250 ok", "250 ok")],
    ids=["421", "500", "closed", "reset", "silent", "twice"],
)
def test_a_connection_that_does_not_answer_noop_is_replaced(
    trial: Trial, peer: Start, without: str, action: Any
) -> None:
    server = peer({"NOOP": [action]}, without=without)
    with trial.using(trial.mailer(server, f"max_idle=0&connect_timeout={LIMIT}")) as mailer:
        assert isinstance(trial.send(mailer), Receipt)
        receipt = trial.send(mailer, within=LIMIT)
        assert isinstance(receipt, Receipt)
        assert len(receipt.attempts) == 1
        assert server.sessions[0].end
    assert (server.connections, server.submissions) == (2, 2)


@pytest.mark.catalogue("F40")
def test_an_old_connection_is_replaced(trial: Trial, peer: Start) -> None:
    server = peer()
    with trial.using(trial.mailer(server, "max_age=0.05")) as mailer:
        assert isinstance(trial.send(mailer), Receipt)
        time.sleep(0.06)
        assert isinstance(trial.send(mailer), Receipt)
        assert server.sessions[0].end == "quit"
    assert server.connections == 2


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(reply("500 5.5.1 what?"), id="F41-500"),
        pytest.param(reply("421 4.3.2 going") + drop(), id="F41-421"),
        pytest.param(drop(), id="F41-dropped"),
        pytest.param(reset(), id="F41-reset"),
        pytest.param(stall(), id="F41-silent"),
    ],
)
def test_a_rset_that_fails_changes_no_result_and_costs_the_connection(
    trial: Trial, peer: Start, without: str, action: Any
) -> None:
    server = peer({"RSET": [action], "RCPT": [reply("550 5.1.1 no")]}, without=without)
    with trial.using(trial.mailer(server, QUICK)) as mailer:
        error = trial.send(mailer, within=LIMIT)
        assert getattr(error, "code", 0) == 550
        assert server.sessions[0].end
        assert isinstance(trial.send(mailer), Receipt)
    assert (server.connections, server.submissions) == (2, 1)


@pytest.mark.catalogue("F41")
@pytest.mark.parametrize("action", [reply("500 5.5.1 what?"), reply("421 4.3.2 going") + drop(), drop()])
def test_a_rset_that_fails_within_a_batch_loses_nothing(trial: Trial, peer: Start, without: str, action: Any) -> None:
    """Messages that went along with it in a window are in doubt when nothing more is heard, never lost."""
    server = peer({"RSET": nth(2, action), "RCPT": {"u2@": reply("550 5.1.1 no")}}, without=without, strict=False)
    with trial.using(trial.mailer(server, f"{QUICK}&connections=1")) as mailer:
        outcomes = trial.send_many(mailer, numbered(6))
    sent = [one.recipients[0] for one in server.messages if one.accepted]
    for number, outcome in enumerate(outcomes):
        times = sent.count(f"u{number}@example.org")
        if number == 2:
            assert getattr(outcome, "code", None) == 550 or fates([outcome]) == ["OutcomeUnknown"]
            assert times == 0
        elif isinstance(outcome, Receipt):
            assert times == 1
        else:
            assert fates([outcome]) == ["OutcomeUnknown"]
            assert times <= 1
    assert len(outcomes) == 6


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(stall(), id="F41-silent"),
        pytest.param(drop(), id="F41-dropped"),
        pytest.param(reset(), id="F41-reset"),
        pytest.param(reply("500 5.5.1 what?"), id="F41-500"),
        pytest.param(raw(b"221"), id="F41-half-a-word"),
    ],
)
def test_a_quit_that_is_not_answered_is_not_waited_for(trial: Trial, peer: Start, without: str, action: Any) -> None:
    server = peer({"QUIT": action}, without=without)
    mailer = hasty(server)
    begun = time.monotonic()
    with trial.using(mailer):
        assert isinstance(trial.send(mailer), Receipt)
    assert time.monotonic() - begun < 1.2
    assert server.sessions[0].end
    assert server.submissions == 1


@pytest.mark.catalogue("F41")
def test_a_server_under_tls_may_leave_without_close_notify(trial: Trial, peer: Start) -> None:
    server = peer({"QUIT": drop()}, tls="implicit")
    with trial.using(trial.mailer(server, f"tls=implicit&ca_file={server.ca_file}")) as mailer:
        assert isinstance(trial.send(mailer), Receipt)
    assert server.submissions == 1


@pytest.mark.catalogue("F41")
def test_the_time_for_quit_is_two_seconds_unless_said_otherwise() -> None:
    assert SmtpTimeouts().quit == 2.0


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("421 4.7.0 bye for now", id="F42-421"),
        pytest.param("421 4.7.0 too many messages on this connection", id="F42-421-too-many"),
    ],
)
@pytest.mark.parametrize("step", ["MAIL", "RCPT", ".", "RSET"])
@pytest.mark.parametrize("limit", [1, 3])
def test_a_server_that_takes_few_messages_a_connection_gets_a_new_one(
    trial: Trial, peer: Start, without: str, words: str, step: str, limit: int
) -> None:
    if step == "RSET" and without:
        step = "MAIL"  # only a window says RSET between messages
    enough = when(lambda step: len(step.session.messages) > limit - (step.verb != "."), reply(words) + drop())
    server = peer({step: enough}, without=without)
    with trial.using(trial.mailer(server, "connections=1")) as mailer:
        outcomes = [trial.send(mailer) for _ in range(3)] + trial.send_many(mailer, numbered(8))
    assert fates(outcomes) == ["ok"] * 11
    assert all(len(outcome.attempts) == 1 for outcome in outcomes)
    accepted = [one for one in server.messages if one.accepted]
    assert len(accepted) == 11
    assert len({one.data for one in accepted}) == 11


@pytest.mark.catalogue("F42")
def test_a_limit_of_our_own_rotates_connections_politely(trial: Trial, peer: Start, without: str) -> None:
    server = peer(without=without)
    with trial.using(trial.mailer(server, "max_messages=3&connections=1")) as mailer:
        outcomes = trial.send_many(mailer, numbered(7))
        assert isinstance(trial.send(mailer), Receipt)
    assert fates(outcomes) == ["ok"] * 7
    assert [len(session.messages) for session in server.sessions] == [3, 3, 2]
    assert all(session.end == "quit" for session in server.sessions)


@pytest.mark.catalogue("F42")
@pytest.mark.parametrize("stays", [False, True], ids=["hangs-up", "stays"])
def test_a_421_in_a_window_is_no_reason_to_send_twice(trial: Trial, peer: Start, stays: bool) -> None:
    """A server that says 421 and yet goes on answering has taken what it says it has taken."""
    words = reply("421 4.7.0 not this one") + (delay(0) if stays else drop())
    server = peer({"RCPT": {"v3@": words}}, strict=False)
    with trial.using(trial.mailer(server, f"{QUICK}&connections=1")) as mailer:
        outcomes = trial.send_many(mailer, numbered(8, both=True), within=2)
    accepted = [one.recipients for one in server.messages if one.accepted]
    assert len(accepted) == len(set(accepted))
    if stays:
        assert fates(outcomes) == ["ok"] * 8
        assert not outcomes[3].complete  # type: ignore[union-attr]
        assert len(accepted) == 8
    else:
        assert [fate for number, fate in enumerate(fates(outcomes)) if number != 3] == ["ok"] * 7


@pytest.mark.catalogue("F40")
def test_connections_are_shared_by_credentials_only(trial: Trial, peer: Start) -> None:
    """Two tenants on one server never meet on one connection (A32)."""
    server = peer()
    mailer = Mailer(
        f"smtp://{server.address}", mailers={"same": f"smtp://{server.address}", "named": f"smtp://{server.address}?local_hostname=b.test"}
    )  # fmt: skip
    with trial.using(mailer):
        for via in ("default", "same", "named", "default"):
            assert isinstance(trial.send(mailer, message(via=via)), Receipt)
    assert [len(session.messages) for session in server.sessions] == [3, 1]
