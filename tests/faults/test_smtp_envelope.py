"""MAIL, RCPT and DATA refused, put off, or cut off.

Each row of the catalogue is tried one message at a time and within a batch, over every kind of dialogue:
a window of BDAT, a pipeline of DATA, one command at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.peer import Peer, drop, nth, reply, reset, stall, when
from support.trial import LIMIT, QUICK, Trial, expect, fates, left, message, numbered

from mailbridge.errors import (
    ConfigError,
    ConnectFailed,
    ContentRefused,
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    RecipientDeferred,
    RecipientRefused,
    SenderRefused,
    ServerError,
    TimedOut,
)
from mailbridge.mailer import Mailer
from mailbridge.receipt import Receipt, Status

Start = Callable[..., Peer]

DIALOGUES = {"bdat": "", "data": "CHUNKING", "plain": "CHUNKING PIPELINING"}


@pytest.fixture(params=DIALOGUES)
def without(request: pytest.FixtureRequest) -> str:
    """Run the test over each kind of dialogue; gives the extensions to leave out."""
    return DIALOGUES[request.param]


def three(**fields: Any) -> Any:
    return message("ann@example.org", "bob@example.org", "eve@example.org", **fields)


def statuses(outcome: Any) -> dict[str, str]:
    return {address.partition("@")[0]: row.status.value for address, row in outcome.recipients.items()}


@pytest.mark.parametrize(
    ("words", "letter", "kind", "code"),
    [
        pytest.param("451 4.3.0 later", "T", ServerError, 451, id="F20-451"),
        pytest.param("450 4.7.1 too many messages, slow down", "T", RateLimited, 450, id="F20-450-rate"),
        pytest.param("550 5.7.1 not from you", "P", SenderRefused, 550, id="F21-550"),
        pytest.param("553 5.1.8 no such sender", "P", SenderRefused, 553, id="F21-553"),
        pytest.param("530 5.7.0 log in first", "C", ConfigError, 530, id="F22-530"),
        pytest.param("552 5.3.4 too big", "P", MessageInvalid, 552, id="F23-552"),
    ],
)
def test_a_refused_mail_command_ends_that_message_only(
    trial: Trial, peer: Start, without: str, words: str, letter: str, kind: type[MailError], code: int
) -> None:
    server = peer({"MAIL": [reply(words), None, None, reply(words)]}, without=without)
    with trial.using(trial.mailer(server, "connections=1")) as mailer:
        trial.fails(mailer, letter, kind, phase="mail", code=code)
        outcomes = trial.send_many(mailer, numbered(5))
        assert server.sessions[0].open, "a refusal costs no connection"
    assert fates(outcomes) == ["ok", "ok", kind.__name__, "ok", "ok"]
    expect(outcomes[2], letter, phase="mail", code=code)
    assert any(words[:3] in line for line in outcomes[2].transcript)  # type: ignore[union-attr]
    assert (server.connections, server.submissions) == (1, 4)


@pytest.mark.catalogue("F21")
def test_a_sender_refused_every_time_fails_every_message_alike(trial: Trial, peer: Start, without: str) -> None:
    server = peer({"MAIL": reply("550 5.7.1 not from you")}, without=without)
    with trial.using(trial.mailer(server)) as mailer:
        outcomes = trial.send_many(mailer, numbered(5))
    for outcome in outcomes:
        expect(outcome, "P", phase="mail", code=550)
        assert outcome.fail_over == "configurable"  # type: ignore[union-attr]
    assert server.submissions == 0


@pytest.mark.catalogue("F20", "F30")
@pytest.mark.parametrize("end", [drop(), reset()], ids=["dropped", "reset"])
def test_a_421_at_mail_on_a_fresh_connection_is_worth_another_try(
    trial: Trial, peer: Start, without: str, end: Any
) -> None:
    server = peer({"MAIL": [reply("421 4.3.2 going down") + drop()]}, without=without)
    with trial.using(trial.mailer(server)) as mailer:
        trial.fails(mailer, "T", ServerError, phase="mail", code=421)
        assert server.sessions[0].end
        assert isinstance(trial.send(mailer), Receipt)
    assert (server.connections, server.submissions) == (2, 1)


@pytest.mark.catalogue("F20")
def test_a_retry_reconnects_after_a_421_at_mail(trial: Trial, peer: Start, without: str) -> None:
    server = peer({"MAIL": [reply("421 4.3.2 going down") + drop()]}, without=without)
    with trial.using(Mailer(f"retry(smtp://{server.address}, wait=10ms)")) as mailer:
        receipt = trial.send(mailer)
    assert isinstance(receipt, Receipt)
    assert [attempt.code for attempt in receipt.attempts] == [421, 250]
    assert (server.connections, server.submissions) == (2, 1)


@pytest.mark.catalogue("F23")
def test_a_message_above_the_advertised_size_is_not_offered(trial: Trial, peer: Start, without: str) -> None:
    server = peer(extensions=["SIZE 1000", "PIPELINING", "CHUNKING", "8BITMIME"], without=without)
    big = message(text="x" * 60 + "\n" * 2000)
    with trial.using(trial.mailer(server)) as mailer:
        error = trial.fails(mailer, "P", MessageInvalid, mail=big, field="size")
        outcomes = trial.send_many(mailer, [message(), big, message()])
        assert server.sessions[0].open, "nothing was said, so the connection is as good as before"
    assert "at most 1000" in error.text
    assert fates(outcomes) == ["ok", "MessageInvalid", "ok"]
    assert server.submissions == 2
    assert server.count("MAIL") == 2
    assert server.connections == 1


@pytest.mark.catalogue("F23")
@pytest.mark.parametrize("said", ["SIZE", "SIZE 0"])
def test_a_size_without_a_number_is_no_limit(trial: Trial, peer: Start, said: str) -> None:
    server = peer({"EHLO": reply("250-peer.test", f"250 {said}")}, strict=False)
    with trial.using(trial.mailer(server)) as mailer:
        assert isinstance(trial.send(mailer), Receipt)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param("550 5.1.1 no such user", "refused", id="F24-550"),
        pytest.param("450 4.2.0 greylisted", "deferred", id="F25-450"),
        pytest.param("421 4.2.0 not for now", "deferred", id="F25-421-and-stays"),
    ],
)
def test_one_of_three_recipients_does_not_keep_the_others_from_it(
    trial: Trial, peer: Start, without: str, words: str, status: str
) -> None:
    server = peer({"RCPT": {"bob@": reply(words)}}, without=without, strict=False)
    with trial.using(trial.mailer(server, "connections=1")) as mailer:
        receipts = [trial.send(mailer, three()), *trial.send_many(mailer, [three()] * 4)]
    for receipt in receipts:
        assert isinstance(receipt, Receipt)
        assert statuses(receipt) == {"ann": "accepted", "bob": status, "eve": "accepted"}
        assert receipt.recipients["bob@example.org"].code == int(words[:3])
        assert not receipt.complete
    assert [one.recipients for one in server.messages] == [("ann@example.org", "eve@example.org")] * 5


@pytest.mark.catalogue("F25")
def test_a_greylisted_recipient_is_tried_again_alone(trial: Trial, peer: Start, without: str) -> None:
    server = peer({"RCPT": {"bob@": [reply("450 4.2.0 greylisted")]}}, without=without)
    with trial.using(Mailer(f"retry(smtp://{server.address}, wait=10ms)")) as mailer:
        receipt = trial.send(mailer, three())
    assert isinstance(receipt, Receipt)
    assert receipt.complete
    assert [one.recipients for one in server.messages] == [("ann@example.org", "eve@example.org"), ("bob@example.org",)]


@pytest.mark.parametrize(
    ("answers", "kind", "letter"),
    [
        pytest.param({"ann@": "550 5.1.1 no", "bob@": "551 5.1.6 no"}, RecipientRefused, "P", id="F26-all-5xx"),
        pytest.param({"ann@": "450 4.2.0 later", "bob@": "451 4.3.0 later"}, RecipientDeferred, "T", id="F26-all-4xx"),
        pytest.param({"ann@": "550 5.1.1 no", "bob@": "450 4.2.0 later"}, RecipientDeferred, "T", id="F26-mixed"),
    ],
)
def test_nobody_accepted_means_no_content_and_a_usable_connection(
    trial: Trial, peer: Start, without: str, answers: dict[str, str], kind: type[MailError], letter: str
) -> None:
    server = peer({"RCPT": {name: reply(words) for name, words in answers.items()}}, without=without)
    both = message("ann@example.org", "bob@example.org")
    with trial.using(trial.mailer(server, "connections=1")) as mailer:
        error = trial.fails(mailer, letter, kind, mail=both, phase="rcpt")
        assert {row.code for row in error.recipients.values()} == {int(words[:3]) for words in answers.values()}
        assert server.count("RSET") == 1
        outcomes = trial.send_many(mailer, [message("eve@example.org"), both, both, message("eve@example.org"), both])
        assert isinstance(trial.send(mailer, message("eve@example.org")), Receipt), "after a batch that ends refused"
        assert server.sessions[0].open
    assert fates(outcomes) == ["ok", kind.__name__, kind.__name__, "ok", kind.__name__]
    assert [one.recipients for one in server.messages] == [("eve@example.org",)] * 3
    assert server.connections == 1


@pytest.mark.catalogue("F26")
def test_content_that_a_server_wants_all_the_same_is_ended_at_once(trial: Trial, peer: Start) -> None:
    """RFC 2920 section 3.1: a server may answer a pipelined DATA with 354 although it refused everybody."""
    script = {"RCPT": {"ann@": reply("550 5.1.1 no")}, "DATA": [reply("354 go on")]}
    server = peer(script, without="CHUNKING")
    with trial.using(trial.mailer(server, "connections=1")) as mailer:
        trial.fails(mailer, "P", RecipientRefused, code=550)
        assert isinstance(trial.send(mailer, message("eve@example.org")), Receipt)
    assert server.messages[0].data == b""
    assert len(server.messages) == 2
    assert server.connections == 1


@pytest.mark.catalogue("F27")
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_each_of_many_recipients_is_sent_to_once_when_few_fit(
    trial: Trial, peer: Start, without: str, limit: int
) -> None:
    full = when(lambda step: len(step.session.recipients) >= limit, reply("452 4.5.3 too many recipients"))
    server = peer({"RCPT": full}, without=without)
    to = [f"u{number}@example.org" for number in range(7)]
    with trial.using(trial.mailer(server, "connections=1")) as mailer:
        receipts = [trial.send(mailer, message(*to)), *trial.send_many(mailer, [message(*to)] * 3)]
    for receipt in receipts:
        assert isinstance(receipt, Receipt)
        assert receipt.accepted == tuple(to)
    reached = [address for one in server.messages for address in one.recipients]
    assert sorted(reached) == sorted(to * 4)
    assert max(len(one.recipients) for one in server.messages) == limit


@pytest.mark.catalogue("F27")
def test_a_mailbox_that_is_full_is_not_asked_without_end(trial: Trial, peer: Start, without: str) -> None:
    server = peer({"RCPT": {"bob@": reply("452 4.2.2 mailbox full")}}, without=without)
    with trial.using(trial.mailer(server)) as mailer:
        receipts = [trial.send(mailer, three()), *trial.send_many(mailer, [three()] * 2)]
    for receipt in receipts:
        assert isinstance(receipt, Receipt)
        assert statuses(receipt) == {"ann": "accepted", "bob": "deferred", "eve": "accepted"}
    assert server.submissions == 3
    assert server.count("RCPT") == 3 * 4, "bob twice a message"


@pytest.mark.catalogue("F27")
@pytest.mark.parametrize(
    "broken",
    [reply("451 4.3.0 later"), reply("550 5.7.1 enough of you"), drop(), stall()],
    ids=["451", "550", "dropped", "silent"],
)
def test_those_who_have_it_keep_it_when_the_rest_cannot(trial: Trial, peer: Start, without: str, broken: Any) -> None:
    """The second transaction fails: no error, for that would have the first recipients sent to again."""
    full = when(lambda step: len(step.session.recipients) >= 2, reply("452 4.5.3 too many recipients"))
    again = when(lambda step: bool(step.session.peer.messages), broken)
    server = peer({"RCPT": full, "MAIL": again}, without=without)
    with trial.using(trial.mailer(server, QUICK)) as mailer:
        receipts = trial.send_many(mailer, [three()], within=2 * LIMIT)
        assert isinstance(receipts[0], Receipt)
        assert receipts[0].accepted == ("ann@example.org", "bob@example.org")
        row = receipts[0].recipients["eve@example.org"]
    if broken.text.startswith("reply('550"):
        assert row.status is Status.REFUSED
        return
    in_doubt = not without and broken.text in ("drop()", "stall()")  # BDAT: the content went along
    assert row.status is (Status.UNKNOWN if in_doubt else Status.DEFERRED)
    assert server.submissions == 1


@pytest.mark.catalogue("F27")
def test_those_who_have_it_keep_it_when_no_connection_comes(trial: Trial, peer: Start, without: str) -> None:
    full = when(lambda step: len(step.session.recipients) >= 2, reply("452 4.5.3 too many recipients"))
    script = {"RCPT": full, ".": reply("250 2.0.0 yes")}
    server = peer(script, sessions={2: {"CONNECT": reply("554 5.7.1 no more") + drop()}}, without=without)
    with trial.using(trial.mailer(server, "max_messages=1")) as mailer:
        [receipt] = trial.send_many(mailer, [three()])
    assert isinstance(receipt, Receipt)
    assert statuses(receipt) == {"ann": "accepted", "bob": "accepted", "eve": "deferred"}
    assert receipt.recipients["eve@example.org"].code == 554


@pytest.mark.parametrize(
    "words", [pytest.param("251 2.1.5 will forward", id="F28-251"), pytest.param("252 2.1.5 will try", id="F28-252")]
)
def test_a_server_that_will_try_has_accepted(trial: Trial, peer: Start, without: str, words: str) -> None:
    server = peer({"RCPT": reply(words)}, without=without)
    with trial.using(trial.mailer(server)) as mailer:
        receipts = [trial.send(mailer), *trial.send_many(mailer, numbered(3))]
    assert all(isinstance(receipt, Receipt) and receipt.complete for receipt in receipts)
    assert server.submissions == 4


@pytest.mark.parametrize("without", ["CHUNKING", "CHUNKING PIPELINING"], ids=["data", "plain"])
@pytest.mark.parametrize(
    ("words", "letter", "kind"),
    [
        pytest.param("451 4.3.0 later", "T", ServerError, id="F29-451"),
        pytest.param("452 4.3.1 no room", "T", ServerError, id="F29-452"),
        pytest.param("554 5.7.1 not this", "P", ContentRefused, id="F29-554"),
    ],
)
def test_a_refused_data_command_ends_that_message_only(
    trial: Trial, peer: Start, without: str, words: str, letter: str, kind: type[MailError]
) -> None:
    server = peer({"DATA": [reply(words), None, None, reply(words)]}, without=without)
    with trial.using(trial.mailer(server, "connections=1")) as mailer:
        trial.fails(mailer, letter, kind, phase="data", code=int(words[:3]))
        outcomes = trial.send_many(mailer, numbered(5))
        assert server.sessions[0].open
    assert fates(outcomes) == ["ok", "ok", kind.__name__, "ok", "ok"]
    expect(outcomes[2], letter, phase="data", code=int(words[:3]))
    assert (server.connections, server.submissions) == (1, 4)


@pytest.mark.parametrize("without", ["CHUNKING", "CHUNKING PIPELINING"], ids=["data", "plain"])
@pytest.mark.parametrize(
    "action",
    [
        pytest.param(reply("421 4.3.2 going down") + drop(), id="F30-421"),
        pytest.param(drop(), id="F30-dropped"),
        pytest.param(reset(), id="F30-reset"),
    ],
)
def test_a_connection_lost_before_the_content_costs_a_connection_and_no_attempt(
    trial: Trial, peer: Start, without: str, action: Any
) -> None:
    """With CHUNKING there is no such moment: RCPT and content are written together, see F32."""
    server = peer({"DATA": [action]}, without=without)
    with trial.using(trial.mailer(server)) as mailer:
        receipt = trial.send(mailer)
        assert isinstance(receipt, Receipt)
        assert len(receipt.attempts) == 1
        assert server.sessions[0].end
    assert (server.connections, server.submissions) == (2, 1)


@pytest.mark.parametrize("without", ["CHUNKING", "CHUNKING PIPELINING"], ids=["data", "plain"])
@pytest.mark.parametrize(
    ("action", "kind", "code"),
    [
        pytest.param(reply("421 4.3.2 going down") + drop(), ServerError, 421, id="F30-421"),
        pytest.param(drop(), ConnectFailed, None, id="F30-dropped"),
    ],
)
def test_a_server_that_is_always_lost_before_the_content_is_given_up(
    trial: Trial, peer: Start, without: str, action: Any, kind: type[MailError], code: int | None
) -> None:
    server = peer({"DATA": action}, without=without)
    with trial.using(trial.mailer(server)) as mailer:
        trial.fails(mailer, "T", kind, phase="data", code=code)
    assert (server.connections, server.submissions) == (2, 0)


@pytest.mark.parametrize("without", ["CHUNKING", "CHUNKING PIPELINING"], ids=["data", "plain"])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_silent_server_is_left_at_the_timeout_and_not_taken_back(
    trial: Trial, peer: Start, without: str, step: str
) -> None:
    server = peer({step: [stall()]}, without=without)
    with trial.using(trial.mailer(server, QUICK)) as mailer:
        trial.fails(mailer, "T", TimedOut, within=LIMIT)
        assert left(server.sessions[0])
        assert isinstance(trial.send(mailer), Receipt)
    assert (server.connections, server.submissions) == (2, 1)


@pytest.mark.catalogue("F24", "F26")
@pytest.mark.parametrize("words", ["550 5.1.1 no", "450 4.2.0 later", "452 4.5.3 too many"])
def test_all_or_nobody_is_told_before_any_content_travels(trial: Trial, peer: Start, without: str, words: str) -> None:
    """`on_partial="abort"`: no DATA before everybody is known, in the middle of a pipeline too."""
    server = peer({"RCPT": {"bob@": reply(words)}}, without=without)
    whole = three(on_partial="abort")
    kind = RecipientRefused if words[0] == "5" else RecipientDeferred
    with trial.using(trial.mailer(server, "connections=1")) as mailer:
        error = trial.send(mailer, whole)
        batch = [
            message("eve@example.org"),
            message("eve@example.org"),
            whole,
            whole,
            message("eve@example.org"),
            whole,
        ]
        outcomes = trial.send_many(mailer, batch)
        assert isinstance(trial.send(mailer, message("ann@example.org", on_partial="abort")), Receipt)
        assert server.sessions[0].open
    assert type(error) is kind
    assert "on_partial is abort" in str(error)
    assert fates(outcomes) == ["ok", "ok", kind.__name__, kind.__name__, "ok", kind.__name__]
    assert [one.recipients for one in server.messages] == [("eve@example.org",)] * 3 + [("ann@example.org",)]
    assert server.connections == 1


@pytest.mark.catalogue("F30")
def test_all_or_nobody_survives_a_lost_connection(trial: Trial, peer: Start, without: str) -> None:
    server = peer({"RCPT": nth(4, drop())}, without=without)
    batch = [message("ann@example.org"), three(on_partial="abort"), message("ann@example.org")]
    with trial.using(trial.mailer(server, "connections=1")) as mailer:
        outcomes = trial.send_many(mailer, batch)
    assert fates(outcomes) == ["ok", "ok", "ok"]
    assert server.submissions == 3
    assert server.connections == 2


@pytest.mark.catalogue("F39")
@pytest.mark.parametrize(
    ("step", "words"),
    [("MAIL", "334 more?"), ("MAIL", "354 go on"), ("RCPT", "334 more?"), ("RCPT", "354 go on"),
     ("DATA", "334 more?"), ("DATA", "250 ok")],
)  # fmt: skip
def test_an_answer_that_cannot_be_one_ends_the_connection(trial: Trial, peer: Start, step: str, words: str) -> None:
    """A code that has no place there: T before the content, A with it, and the connection is closed."""
    for without in ("", "CHUNKING", "CHUNKING PIPELINING"):
        if step == "DATA" and not without:
            continue
        server = peer({step: [reply(words)]}, without=without, strict=False)
        with trial.using(trial.mailer(server, QUICK)) as mailer:
            error = trial.send(mailer, within=2 * LIMIT)
            expect(error, "A" if isinstance(error, OutcomeUnknown) else "T")
            assert isinstance(error, OutcomeUnknown) <= (not without), "in doubt only where the content went along"
            assert server.sessions[0].end
            assert isinstance(trial.send(mailer), Receipt)
        assert server.connections == 2
