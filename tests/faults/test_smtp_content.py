"""The content, and the answer to it: the point of no return."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.peer import Peer, delay, drip, drop, freeze, proceed, raw, read, reply, reset, stall
from support.trial import LIMIT, QUICK, Trial, expect, fates, left, message, numbered

from mailbridge.errors import (
    ConnectFailed,
    ContentRefused,
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    SenderRefused,
    ServerError,
    TimedOut,
    Unsupported,
)
from mailbridge.mailer import Mailer
from mailbridge.receipt import Receipt, Status

Start = Callable[..., Peer]

DIALOGUES = {"bdat": "", "data": "CHUNKING", "plain": "CHUNKING PIPELINING"}
BIG = "x" * 70 + "\r\n"


@pytest.fixture(params=DIALOGUES)
def without(request: pytest.FixtureRequest) -> str:
    """Run the test over each kind of dialogue; gives the extensions to leave out."""
    return DIALOGUES[request.param]


@pytest.mark.parametrize("without", ["CHUNKING", "CHUNKING PIPELINING"], ids=["data", "plain"])
@pytest.mark.catalogue("F31")
def test_a_break_in_the_middle_of_the_content_is_a_definite_no(trial: Trial, peer: Start, without: str) -> None:
    """The rest of the content never left us, so nobody can have accepted it: another transport may try."""
    server = peer({"BODY": read(1000) + reset()}, without=without, receive_buffer=4096)
    spare = peer()
    big = message(text=BIG * 100_000)
    with trial.using(trial.mailer(server)) as mailer:
        error = trial.fails(mailer, "T", ConnectFailed, mail=big, phase="data")
        assert error.fail_over == "yes"
    with trial.using(Mailer(f"failover(smtp://{server.address}, smtp://{spare.address})")) as mailer:
        assert isinstance(trial.send(mailer, big), Receipt)
    assert (server.submissions, spare.submissions) == (0, 1)


@pytest.mark.catalogue("F31")
def test_large_content_waits_until_the_recipients_are_known(trial: Trial, peer: Start) -> None:
    """Above 1 MiB content is not sent along with its envelope, whatever the server offers."""
    server = peer({"RCPT": {"bob@": reply("550 5.1.1 no")}})
    with trial.using(trial.mailer(server)) as mailer:
        huge = [message("bob@example.org", text=BIG * 10_000), message("ann@example.org", text=BIG * 10_000)] * 2
        outcomes = trial.send_many(mailer, [message(), *huge[:2], message(), *huge[2:]])
        assert isinstance(trial.send(mailer, huge[1]), Receipt)
    assert fates(outcomes) == ["ok", "RecipientRefused", "ok"] * 2
    assert server.submissions == 5
    assert sum(len(session.received) for session in server.sessions) < 4_000_000
    assert server.connections <= 3


@pytest.mark.catalogue("F31")
def test_content_small_enough_for_the_kernel_is_in_doubt(trial: Trial, peer: Start) -> None:
    """What the kernel took may have arrived, for all we can know: no definite no, and no second copy."""
    server = peer({"BODY": drop()})
    spare = peer()
    mailer = Mailer(f"failover(smtp://{server.address}, smtp://{spare.address})")
    with trial.using(mailer):
        trial.fails(mailer, "A", OutcomeUnknown, phase="final")
    assert spare.connections == 0


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(drop(), id="F32-dropped"),
        pytest.param(reset(), id="F32-reset"),
        pytest.param(stall(), id="F33-silent"),
        pytest.param(drip(b"250 2.0.0 accepted, and how\r\n", every=0.05), id="F37-dripped"),
        pytest.param(raw(b"250 2.0.0 ok") + drop(), id="F32-half-an-answer"),
        pytest.param(reply("abc"), id="F39-garbage"),
        pytest.param(reply("250-a", "550 b"), id="F39-mixed"),
        pytest.param(raw(b"250 ok\n"), id="F39-bare-lf"),
        pytest.param(raw(b"250 o\0k\r\n"), id="F39-nul"),
        pytest.param(raw(b"250 " + b"x" * 10_000 + b"\r\n"), id="F38-long-line"),
        pytest.param(reply("354 go on"), id="F39-impossible"),
    ],
)
def test_no_answer_to_the_content_is_a_doubt_and_never_a_second_copy(
    trial: Trial, peer: Start, without: str, action: Any
) -> None:
    server = peer({".": [action]}, without=without)
    spare = peer()
    mailer = Mailer(f"failover(retry(smtp://{server.address}?{QUICK}, wait=10ms), smtp://{spare.address})")
    with trial.using(mailer):
        error = trial.fails(mailer, "A", OutcomeUnknown, phase="final", within=LIMIT)
        assert error.recipients["ann@example.org"].status is Status.UNKNOWN
        assert "may have been accepted" in error.text
        assert server.sessions[0].end, "closed, though the mailer is still open"
        assert (server.submissions, server.connections, spare.connections) == (1, 1, 0)
        assert isinstance(trial.send(mailer), Receipt)
    assert server.connections + spare.connections == 2


@pytest.mark.catalogue("F33")
def test_the_answer_to_the_content_may_take_longer_than_any_other(trial: Trial, peer: Start, without: str) -> None:
    server = peer({".": delay(0.5) + proceed()}, without=without)
    with trial.using(trial.mailer(server, "timeout=0.3&final_timeout=5&connections=1")) as mailer:
        outcomes = trial.send_many(mailer, numbered(2))
    assert fates(outcomes) == ["ok", "ok"]


@pytest.mark.catalogue("F33")
def test_each_answer_of_a_window_has_its_own_time(trial: Trial, peer: Start) -> None:
    server = peer({".": delay(0.3) + proceed()})
    with trial.using(trial.mailer(server, "final_timeout=0.7&connections=1")) as mailer:
        outcomes = trial.send_many(mailer, numbered(4))
    assert fates(outcomes) == ["ok"] * 4


@pytest.mark.parametrize(
    ("words", "letter", "kind"),
    [
        pytest.param("451 4.3.0 later", "T", ServerError, id="F34-451"),
        pytest.param("452 4.3.1 no room", "T", ServerError, id="F34-452"),
        pytest.param("451 4.7.1 rate limit exceeded", "T", RateLimited, id="F34-451-rate"),
        pytest.param("550 5.7.1 not wanted", "P", ContentRefused, id="F34-550"),
        pytest.param("552 5.3.4 too big", "P", MessageInvalid, id="F34-552"),
        pytest.param("552 5.3.4 too big", "P", MessageInvalid, id="F23-552-after-the-dot"),
        pytest.param("554 5.7.1 spam", "P", ContentRefused, id="F34-554"),
    ],
)
def test_a_refused_message_is_refused_alone(
    trial: Trial, peer: Start, without: str, words: str, letter: str, kind: type[MailError]
) -> None:
    server = peer({".": {"subject: number 2.": reply(words), "subject: hi": [reply(words)]}}, without=without)
    with trial.using(trial.mailer(server, "connections=1")) as mailer:
        trial.fails(mailer, letter, kind, phase="final", code=int(words[:3]))
        outcomes = trial.send_many(mailer, numbered(5))
        assert server.sessions[0].open, "a refusal costs no connection"
        assert isinstance(trial.send(mailer), Receipt)
    assert fates(outcomes) == ["ok", "ok", kind.__name__, "ok", "ok"]
    expect(outcomes[2], letter, phase="final", code=int(words[:3]))
    assert (server.connections, server.submissions) == (1, 7)


@pytest.mark.catalogue("F35")
@pytest.mark.parametrize("end", [drop(), reset()], ids=["dropped", "reset"])
def test_a_drop_after_the_answer_changes_nothing(trial: Trial, peer: Start, without: str, end: Any) -> None:
    server = peer({".": [reply("250 2.0.0 queued") + delay(0.02) + end]}, without=without)
    with trial.using(trial.mailer(server)) as mailer:
        assert isinstance(trial.send(mailer), Receipt)
        assert server.sessions[0].end
        receipt = trial.send(mailer)
        assert isinstance(receipt, Receipt)
        assert len(receipt.attempts) == 1, "the next message pays with a connection, not with an attempt"
    assert (server.connections, server.submissions) == (2, 2)


@pytest.mark.catalogue("F36")
def test_a_late_answer_is_nobody_elses(trial: Trial, peer: Start, without: str) -> None:
    """The connection is gone before the answer comes, so the next message cannot read it as its own."""
    late = delay(LIMIT + 0.2) + reply("250 2.0.0 queued, at last")
    server = peer({".": [late, reply("550 5.7.1 not this one")]}, without=without, strict=False)
    with trial.using(trial.mailer(server, QUICK)) as mailer:
        trial.fails(mailer, "A", OutcomeUnknown, within=LIMIT)
        trial.fails(mailer, "P", ContentRefused, code=550)
        assert left(server.sessions[0])
    assert server.connections == 2


@pytest.mark.catalogue("F36")
def test_an_answer_nobody_asked_for_is_not_taken_for_the_next_one(trial: Trial, peer: Start, without: str) -> None:
    """Two answers to one message: the second must not stand for the message behind it."""
    twice = reply("250 2.0.0 queued", "250 2.0.0 queued again")
    server = peer({".": [twice], "MAIL": [None, reply("550 5.7.1 not from you")]}, without=without, strict=False)
    with trial.using(trial.mailer(server)) as mailer:
        assert isinstance(trial.send(mailer), Receipt)
        assert server.sessions[0].end, "closed, though the mailer is still open"
        trial.fails(mailer, "P", SenderRefused, code=550)
    assert server.connections == 2


@pytest.mark.catalogue("F43")
@pytest.mark.parametrize("without", ["8BITMIME", "8BITMIME CHUNKING", "8BITMIME CHUNKING PIPELINING"])
def test_a_server_without_8bitmime_gets_seven_bits(trial: Trial, peer: Start, without: str) -> None:
    server = peer(without=without)
    with trial.using(trial.mailer(server)) as mailer:
        outcomes = trial.send_many(mailer, [message(subject="Grüße", text="süße Grüße\n", html="<p>süß</p>")] * 2)
    assert fates(outcomes) == ["ok", "ok"]
    for one in server.messages:
        assert one.data.isascii()
        assert "BODY" not in one.mail_parameters


@pytest.mark.catalogue("F43")
def test_a_server_with_8bitmime_gets_what_was_declared(trial: Trial, peer: Start, without: str) -> None:
    server = peer(without=without)
    with trial.using(trial.mailer(server)) as mailer:
        outcomes = trial.send_many(mailer, [message(text="süße Grüße\n")] * 2)
    assert fates(outcomes) == ["ok", "ok"]
    assert not server.violations


@pytest.mark.catalogue("F43")
@pytest.mark.parametrize("to", ["zoë@example.org", "zoë@bücher.example"])
def test_a_local_part_that_needs_smtputf8_is_refused_before_anything_is_said(
    trial: Trial, peer: Start, to: str
) -> None:
    server = peer(without="SMTPUTF8")
    with trial.using(trial.mailer(server)) as mailer:
        error = trial.fails(mailer, "P", Unsupported, mail=message(to))
        outcomes = trial.send_many(mailer, [message(), message(to), message()])
        assert server.sessions[0].open
    assert "SMTPUTF8" in error.text
    assert fates(outcomes) == ["ok", "Unsupported", "ok"]
    assert server.count("MAIL") == 2


@pytest.mark.catalogue("F43")
def test_a_name_of_a_domain_needs_no_smtputf8(trial: Trial, peer: Start) -> None:
    server = peer(without="SMTPUTF8")
    with trial.using(trial.mailer(server)) as mailer:
        receipt = trial.send(mailer, message("zoe@bücher.example"))
    assert isinstance(receipt, Receipt)
    assert receipt.accepted == ("zoe@bücher.example",)
    assert server.messages[0].recipients == ("zoe@xn--bcher-kva.example",)


@pytest.mark.catalogue("F44")
def test_a_receipt_says_accepted_even_when_the_server_keeps_nothing(trial: Trial, peer: Start) -> None:
    """The limit of what a client can know, and what the reader is told of it."""
    server = peer()
    with trial.using(trial.mailer(server)) as mailer:
        receipt = trial.send(mailer)
    server.messages.clear()
    assert isinstance(receipt, Receipt)
    assert receipt.recipients["ann@example.org"].status is Status.ACCEPTED
    page = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "receipts.md"
    assert "Accepted is not delivered" in page.read_text(encoding="utf-8")


@pytest.mark.catalogue("F33")
def test_a_server_that_stops_taking_the_content_is_left(trial: Trial, peer: Start) -> None:
    """The write blocks: the time for it grows with the content, at 4 KiB/s the slowest that is waited for."""
    server = peer({"BODY": freeze()}, without="CHUNKING", receive_buffer=4096)
    with trial.using(trial.mailer(server, QUICK)) as mailer:
        error = trial.send(mailer, message(text=BIG * 100), within=4)
    assert isinstance(error, (TimedOut, OutcomeUnknown))
    assert server.submissions == 0
