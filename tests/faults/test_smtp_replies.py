"""Answers that are slow, endless, or not of this protocol, at every step of the dialogue."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from support.peer import LONG_LINE, Peer, drip, flood, raw, reply
from support.trial import LIMIT, QUICK, Trial, expect, fates, left, message, numbered

from mailbridge.errors import OutcomeUnknown, RecipientRefused
from mailbridge.receipt import Receipt

Start = Callable[..., Peer]

DIALOGUES = {"bdat": "", "data": "CHUNKING", "plain": "CHUNKING PIPELINING"}

NONSENSE = [
    pytest.param(drip(b"250 2.0.0 very slowly indeed\r\n", every=0.05), id="F37-dripped"),
    pytest.param(flood(), id="F38-endless"),
    pytest.param(LONG_LINE, id="F38-long-line"),
    pytest.param(raw(b"250-" + b"x" * 1000 + b"\r\n") + flood(b"250-" + b"x" * 1000 + b"\r\n"), id="F38-many-lines"),
    pytest.param(reply("250-a", "550 b"), id="F39-mixed-codes"),
    pytest.param(reply("abc"), id="F39-letters"),
    pytest.param(reply("2500 ok"), id="F39-four-digits"),
    pytest.param(reply("150 wait"), id="F39-1xx"),
    pytest.param(reply(""), id="F39-empty-line"),
    pytest.param(raw(b"250 ok\n"), id="F39-bare-lf"),
    pytest.param(raw(b"250 o\nk\r\n"), id="F39-lf-inside"),
    pytest.param(raw(b"250 o\rk\r\n"), id="F39-cr-inside"),
    pytest.param(raw(b"250 o\0k\r\n"), id="F39-nul"),
    pytest.param(raw(b"250 \x1b[2Jok\r\n"), id="F39-escape"),
]


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("action", NONSENSE)
def test_nonsense_before_the_content_is_a_fault_of_the_server(
    trial: Trial, peer: Start, step: str, action: Any
) -> None:
    """Transient, nothing submitted, the connection closed at once and not taken back.

    One deviation from the letter of F39: text above ASCII is accepted (and kept readable or escaped),
    for real servers answer in their own language; see the test below.
    """
    server = peer({step: [action]}, without="CHUNKING")
    with trial.using(trial.mailer(server, QUICK)) as mailer:
        error = trial.send(mailer, within=LIMIT)
        expect(error, "T")
        assert left(server.sessions[0])
        assert server.submissions == 0
        assert len(str(error)) < 400, "a long answer is not quoted at length"
        assert isinstance(trial.send(mailer), Receipt)
    assert (server.connections, server.submissions) == (2, 1)


@pytest.mark.parametrize("action", NONSENSE)
def test_nonsense_after_the_content_is_a_doubt(trial: Trial, peer: Start, action: Any) -> None:
    for without in DIALOGUES.values():
        server = peer({".": [action]}, without=without)
        with trial.using(trial.mailer(server, QUICK)) as mailer:
            error = trial.send(mailer, within=LIMIT)
            expect(error, "A")
            assert left(server.sessions[0])
            assert isinstance(trial.send(mailer), Receipt)
        assert (server.connections, server.submissions) == (2, 2)


@pytest.mark.parametrize("dialogue", DIALOGUES)
@pytest.mark.parametrize("action", [NONSENSE[4], NONSENSE[5], NONSENSE[12]])
def test_nonsense_in_the_middle_of_a_batch_leaves_no_message_unaccounted(
    trial: Trial, peer: Start, dialogue: str, action: Any
) -> None:
    server = peer({".": {"subject: number 3.": action}}, without=DIALOGUES[dialogue])
    with trial.using(trial.mailer(server, f"{QUICK}&connections=1")) as mailer:
        outcomes = trial.send_many(mailer, numbered(8))
    assert fates(outcomes)[:4] == ["ok", "ok", "ok", "OutcomeUnknown"]
    if dialogue == "bdat":  # those behind it in the window were handed over as well
        assert set(fates(outcomes)[4:]) == {"OutcomeUnknown"}
        assert len({one.data for one in server.messages}) == server.submissions
    else:
        assert fates(outcomes)[4:] == ["ok"] * 4
        assert server.submissions == 8


@pytest.mark.catalogue("F38")
def test_an_endless_answer_costs_no_memory(trial: Trial, peer: Start) -> None:
    server = peer({"EHLO": flood()})
    mailer = trial.mailer(server, "timeout=5")
    trial.send(mailer)
    tracemalloc.start()
    try:
        expect(trial.send(mailer), "T")
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    # What the kernels hold between us, and no more, was ever taken.
    assert all(session.flooded < 40_000_000 for session in server.sessions)


@pytest.mark.catalogue("F39")
@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("550 5.1.1 usuário desconhecido".encode(), "usuário desconhecido"),
        ("550 5.1.1 utilisateur inconnu é".encode("latin-1"), "utilisateur inconnu \\xe9"),
        ("550 5.1.1 right\u202eleft".encode(), "right\\u202eleft"),
        (b"550 5.1.1 tab\there", "tab\\there"),
    ],
)
def test_an_answer_in_the_servers_own_language_is_kept_readable(
    trial: Trial, peer: Start, said: bytes, shown: str
) -> None:
    """UTF-8 is decoded, every other octet and every character that does not print is escaped."""
    server = peer({"RCPT": raw(said + b"\r\n")})
    with trial.using(trial.mailer(server)) as mailer:
        error = trial.fails(mailer, "P", RecipientRefused, code=550, enhanced_code="5.1.1")
        assert server.sessions[0].open
    assert shown in error.text
    assert error.text.isprintable()


@pytest.mark.catalogue("F37")
@pytest.mark.parametrize("step", ["AUTH", "STARTTLS", "RSET", "NOOP"])
def test_the_deadline_is_for_the_whole_answer_and_not_for_each_octet(trial: Trial, peer: Start, step: str) -> None:
    slow = drip(b"250 2.0.0 very slowly indeed\r\n", every=0.05)
    if step == "STARTTLS":
        server = peer({step: slow}, tls="starttls")
        mailer = trial.mailer(server, f"tls=starttls&ca_file={server.ca_file}&{QUICK}")
    elif step == "AUTH":
        server = peer({step: slow}, auth=("ann", "x"))
        mailer = trial.mailer(server, QUICK, login=True)
    elif step == "RSET":
        server = peer({step: slow, "RCPT": [reply("550 5.1.1 no")]})
        mailer = trial.mailer(server, QUICK)
    else:
        server = peer({step: slow})
        mailer = trial.mailer(server, f"{QUICK}&max_idle=0")
    with trial.using(mailer):
        first = trial.send(mailer, within=2 * LIMIT)
        if step == "RSET":
            expect(first, "P")  # the result stands, whatever becomes of the connection
        elif step == "NOOP":
            assert isinstance(first, Receipt)
            assert isinstance(trial.send(mailer, within=0.5), Receipt)
        else:
            expect(first, "T")
        assert left(server.sessions[0])
    assert server.sessions[0].end


@pytest.mark.catalogue("F36", "F39")
@pytest.mark.parametrize("dialogue", DIALOGUES)
@pytest.mark.parametrize("step", ["CONNECT", "EHLO"])
def test_more_answers_than_questions_end_the_connection(trial: Trial, peer: Start, dialogue: str, step: str) -> None:
    """What nobody asked for would be taken for the answer to the next command, and to somebody's mail."""
    said = {"CONNECT": ["220 hello", "250 and more"], "EHLO": ["250-peer.test", "250 PIPELINING", "250 more"]}
    server = peer({step: reply(*said[step])}, without=DIALOGUES[dialogue], strict=False)
    with trial.using(trial.mailer(server, QUICK)) as mailer:
        outcomes = [trial.send(mailer), *trial.send_many(mailer, [message()] * 2)]
        assert all(session.end for session in server.sessions)
    for outcome in outcomes:
        expect(outcome, "T")
    assert server.submissions == 0


@pytest.mark.catalogue("F36")
@pytest.mark.parametrize("dialogue", ["data", "plain"])
def test_more_answers_than_questions_before_the_content_end_the_message(
    trial: Trial, peer: Start, dialogue: str
) -> None:
    server = peer({"DATA": reply("354 go on", "250 and more")}, without=DIALOGUES[dialogue], strict=False)
    with trial.using(trial.mailer(server, f"{QUICK}&connections=1")) as mailer:
        outcomes = [trial.send(mailer), *trial.send_many(mailer, numbered(3))]
        assert all(session.end for session in server.sessions)
    for outcome in outcomes:
        expect(outcome, "A" if isinstance(outcome, OutcomeUnknown) else "T")
    assert server.submissions <= 1
