"""Transactions: what is said of a message, what the replies mean for each recipient, and who is left in doubt.

The wire is a script: what every write runs into, and what is read afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import (
    ConnectFailed,
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    ProtocolError,
    TimedOut,
    Unsupported,
)
from mailbridge.flow.operations import Flow, Read, Write
from mailbridge.message.message import Message
from mailbridge.message.mime import render
from mailbridge.receipt import Status
from mailbridge.smtp.chunking import run_window
from mailbridge.smtp.exchange import transact
from mailbridge.smtp.extensions import Extensions
from mailbridge.smtp.pipeline import run_pipeline
from mailbridge.smtp.session import Session
from mailbridge.smtp.timeouts import Timeouts
from mailbridge.smtp.transaction import Transaction

ALL = ("PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN", "SIZE", "REQUIRETLS")


def message(number: int = 0, to: Iterable[str] = (), **fields: Any) -> Message:
    fields = {"from_": "shop@example.com", "subject": f"number {number}", "text": "Hello\n"} | fields
    made = Message(to=tuple(to) or (f"u{number}@example.org",), **fields)
    return made.stamped(f"<{number}@example.com>", datetime(2026, 1, 1, tzinfo=UTC))


def session(
    *extensions: str, lmtp: bool = False, reused: bool = False, clock: Callable[[], float] = lambda: 0.0
) -> Session:
    made = Session(object(), clock, lmtp=lmtp)  # type: ignore[arg-type]
    made.extensions = Extensions(dict.fromkeys(extensions or ALL, ""))
    made.reused = reused
    return made


def transaction(on: Session, mail: Message | None = None, **options: Any) -> Transaction:
    mail = mail or message()
    mime = render(mail, eight_bit=on.extensions.eight_bit, utf8=on.extensions.smtputf8)
    made = Transaction(mail.envelope, mime, **options)
    made.address(on)
    return made


class Wire:
    """Answers writes and reads from a list: octets to read, an exception to read, or a failing write.

    A failing write is a pair: how many octets never left, and the exception.
    """

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.wrote: list[bytes] = []

    def write(self, op: Write) -> Any:
        self.wrote.append(b"".join(op.data))
        if self.script and isinstance(self.script[0], tuple):
            unsent, error = self.script.pop(0)
            error.unsent = unsent
            return error
        return None

    def read(self, op: Read) -> Any:
        return self.script.pop(0) if self.script else b""

    def run(self, flow: Flow[Any]) -> Any:
        return ScriptedDriver({Write: self.write, Read: self.read}).run(flow)


class Feed:
    """Gives transactions and takes them back."""

    slow = False

    def __init__(self, on: Session, mails: Iterable[Message]) -> None:
        self.coming = [transaction(on, mail, abort_on_partial=mail.on_partial == "abort") for mail in mails]
        self.over: list[Transaction] = []
        self.back: list[Transaction] = []

    def next(self, on: Session) -> Flow[Transaction | None]:
        return self.coming.pop(0) if self.coming else None
        yield

    def done(self, one: Transaction) -> Flow[None]:
        self.over.append(one)
        return
        yield

    def again(self, one: Transaction) -> None:
        self.back.append(one)


def fates(feed: Feed) -> list[str]:
    return ["ok" if one.error is None else type(one.error).__name__ for one in feed.over]


# --- what is said


@pytest.mark.parametrize(
    ("extensions", "fields", "mail"),
    [
        (["X"], {}, "MAIL FROM:<shop@example.com>"),
        (["SIZE"], {"text": "x" * 100}, "MAIL FROM:<shop@example.com> SIZE="),
        (["8BITMIME"], {"text": "süß\n"}, "MAIL FROM:<shop@example.com> BODY=8BITMIME"),
        (["8BITMIME"], {"text": "sweet\n"}, "MAIL FROM:<shop@example.com>\r\n"),
        (["X"], {"text": "süß\n"}, "MAIL FROM:<shop@example.com>\r\n"),
    ],
)
def test_mail_says_what_the_server_offers(extensions: list[str], fields: dict[str, Any], mail: str) -> None:
    on = session(*extensions)
    assert transaction(on, message(**fields)).commands.decode().startswith(mail)


def test_the_size_said_is_the_size_sent() -> None:
    one = transaction(session())
    assert f" SIZE={one.mime.size}".encode() in one.commands
    assert one.mime.size == sum(map(len, one.mime.chunks()))


def test_each_recipient_has_a_command() -> None:
    one = transaction(session(), message(to=[f"u{n}@example.org" for n in range(100)]))
    assert one.count == 101
    assert one.commands.count(b"RCPT TO:<") == 100
    assert one.commands.endswith(b"\r\n")


def test_a_non_ascii_local_part_asks_for_smtputf8() -> None:
    one = transaction(session(), message(to=["zoë@example.org"]))
    assert b" SMTPUTF8" in one.commands
    assert "RCPT TO:<zoë@example.org>".encode() in one.commands


@pytest.mark.parametrize(
    ("mail", "options", "feature"),
    [
        (message(to=["zoë@example.org"]), {}, "smtputf8"),
        (message(), {"require_tls": True}, "require_tls"),
    ],
)
def test_what_the_server_lacks_is_refused_before_anything_is_said(
    mail: Message, options: dict[str, Any], feature: str
) -> None:
    with pytest.raises(Unsupported) as caught:
        transaction(session("PIPELINING"), mail, **options)
    assert caught.value.feature == feature


def test_a_message_above_the_limit_is_refused_before_anything_is_said() -> None:
    on = session()
    on.extensions = Extensions({"SIZE": "10"})
    with pytest.raises(MessageInvalid, match="at most 10"):
        transaction(on)


# --- one at a time


def test_one_message_by_bdat_is_one_write() -> None:
    on, wire = session(), Wire(b"250 a\r\n250 b\r\n250 2.0.0 taken\r\n")
    one = transaction(on)
    wire.run(transact(on, one, Timeouts()))
    assert one.error is None
    assert one.rows["u0@example.org"].status is Status.ACCEPTED
    assert len(wire.wrote) == 1
    assert b"\r\nBDAT %d LAST\r\n" % one.mime.size in wire.wrote[0]


@pytest.mark.parametrize(
    ("unsent", "kind"), [(0, OutcomeUnknown), (1, ConnectFailed), (100, ConnectFailed), (10_000, ConnectFailed)]
)
@pytest.mark.catalogue("F31", "F32")
def test_the_point_of_no_return_is_the_last_octet(unsent: int, kind: type[MailError]) -> None:
    on, wire = session(), Wire((unsent, ConnectFailed("The connection was lost.")), b"")
    one = transaction(on)
    wire.run(transact(on, one, Timeouts()))
    assert type(one.error) is kind
    assert not on.usable


@pytest.mark.catalogue("F31", "F32")
@pytest.mark.parametrize(("unsent", "kind"), [(0, OutcomeUnknown), (1, TimedOut), (4, TimedOut)])
def test_the_point_of_no_return_of_data_is_the_dot(unsent: int, kind: type[MailError]) -> None:
    on = session("PIPELINING")
    wire = Wire(b"250 a\r\n250 b\r\n354 go\r\n", (unsent, TimedOut("The server stopped taking data.")), b"")
    one = transaction(on)
    wire.run(transact(on, one, Timeouts()))
    assert type(one.error) is kind


def test_an_answer_that_came_before_the_break_is_heard() -> None:
    """The server refused the content and hung up while we were still writing it."""
    on, wire = session(), Wire((5000, ConnectFailed("lost")), b"250 a\r\n250 b\r\n552 5.3.4 too big\r\n")
    one = transaction(on)
    wire.run(transact(on, one, Timeouts()))
    assert isinstance(one.error, MessageInvalid)
    assert not on.usable


def test_mail_refused_and_content_taken_is_a_doubt() -> None:
    """An older transaction that was still open would swallow recipients and content (RFC 3030 section 2)."""
    on, wire = session(), Wire(b"503 nested MAIL\r\n250 b\r\n250 taken\r\n")
    one = transaction(on)
    wire.run(transact(on, one, Timeouts()))
    assert isinstance(one.error, OutcomeUnknown)
    assert not on.usable


def test_a_refused_recipient_is_not_in_doubt_when_the_others_are() -> None:
    on, wire = session(), Wire(b"250 a\r\n550 5.1.1 no\r\n", b"")
    one = transaction(on, message(to=["ann@example.org", "bob@example.org"]))
    wire.run(transact(on, one, Timeouts()))
    assert isinstance(one.error, OutcomeUnknown)
    rows = {address: row.status.value for address, row in one.error.recipients.items()}
    assert rows == {"ann@example.org": "refused", "bob@example.org": "unknown"}


def test_an_open_transaction_is_reset_before_the_next() -> None:
    on, wire = session(), Wire(b"250 reset\r\n", b"250 a\r\n250 b\r\n250 taken\r\n")
    on.dirty = True
    one = transaction(on)
    wire.run(transact(on, one, Timeouts()))
    assert one.error is None
    assert wire.wrote[0] == b"RSET\r\n"
    assert not on.dirty


# --- a window of BDAT

OK = b"250 r\r\n250 m\r\n250 t\r\n250 2.0.0 taken\r\n"


def test_a_window_is_one_write() -> None:
    on, wire = session(), Wire(OK * 5)
    feed = Feed(on, [message(n) for n in range(5)])
    wire.run(run_window(on, feed, Timeouts()))
    assert fates(feed) == ["ok"] * 5
    assert len([one for one in wire.wrote if one]) == 1
    assert wire.wrote[0].count(b"RSET\r\nMAIL") == 5


@pytest.mark.catalogue("F31", "F32")
def test_what_never_left_us_in_a_window_is_no_doubt() -> None:
    """Five messages written, the connection breaks in the third: two answered, one lost, two untouched."""
    on = session()
    feed = Feed(on, [message(n) for n in range(5)])
    sizes = [6 + len(t.commands) + len(b"BDAT %d LAST\r\n" % t.mime.size) + t.mime.size for t in feed.coming]
    wire = Wire((sum(sizes[3:]) + 1, ConnectFailed("lost")), OK * 2, b"")
    wire.run(run_window(on, feed, Timeouts()))
    assert fates(feed) == ["ok", "ok"]
    assert [one.envelope.recipients[0].addr_spec for one in feed.back] == [f"u{n}@example.org" for n in (2, 3, 4)]
    assert [one.resent for one in feed.back] == [1, 0, 0], "only the one under which it broke is to blame"


@pytest.mark.catalogue("F31", "F32")
def test_what_left_us_in_a_window_is_in_doubt_message_by_message() -> None:
    on = session()
    feed = Feed(on, [message(n) for n in range(5)])
    sizes = [6 + len(t.commands) + len(b"BDAT %d LAST\r\n" % t.mime.size) + t.mime.size for t in feed.coming]
    wire = Wire((sizes[4], ConnectFailed("lost")), OK * 2, b"")
    wire.run(run_window(on, feed, Timeouts()))
    assert fates(feed) == ["ok", "ok", "OutcomeUnknown", "OutcomeUnknown"]
    assert [one.resent for one in feed.back] == [0]
    errors = [one.error for one in feed.over[2:]]
    assert len({id(error) for error in errors}) == len(errors)


@pytest.mark.catalogue("F42")
@pytest.mark.parametrize("answer", [b"250 r\r\n421 bye\r\n", b"421 bye\r\n", b"250 r\r\n250 m\r\n250 t\r\n421 bye\r\n"])
def test_nothing_behind_a_421_was_taken_once_the_server_has_hung_up(answer: bytes) -> None:
    on, wire = session(), Wire(OK * 2 + answer, b"")
    feed = Feed(on, [message(n) for n in range(6)])
    wire.run(run_window(on, feed, Timeouts()))
    assert fates(feed) == ["ok", "ok"]
    assert len(feed.back) == 4


@pytest.mark.catalogue("F42")
def test_a_server_that_goes_on_after_421_is_believed_in_what_it_says() -> None:
    on, wire = session(), Wire(OK + b"250 r\r\n421 no\r\n503 m\r\n503 d\r\n" + OK * 2)
    feed = Feed(on, [message(n) for n in range(4)])
    wire.run(run_window(on, feed, Timeouts()))
    assert fates(feed) == ["ok", "ok", "ok"]
    assert [one.resent for one in feed.back] == [1]
    assert not on.usable


@pytest.mark.catalogue("F42")
def test_a_server_that_falls_silent_after_421_leaves_doubts() -> None:
    on, wire = session(), Wire(OK + b"250 r\r\n421 no\r\n", TimedOut("no answer"))
    feed = Feed(on, [message(n) for n in range(3)])
    wire.run(run_window(on, feed, Timeouts()))
    assert fates(feed) == ["ok", "OutcomeUnknown"], "the one behind the refused"
    assert [one.resent for one in feed.back] == [1], "the one whose only recipient was refused"


def test_an_answer_too_many_at_the_end_of_a_window_ends_the_connection() -> None:
    on, wire = session(), Wire(OK * 2 + b"250 and more\r\n")
    feed = Feed(on, [message(n) for n in range(2)])
    wire.run(run_window(on, feed, Timeouts()))
    assert fates(feed) == ["ok", "ok"]
    assert isinstance(on.failure, ProtocolError)


def test_garbage_is_not_bridged_by_what_comes_after_it() -> None:
    on, wire = session(), Wire(OK + b"garbage\r\n", OK * 3)
    feed = Feed(on, [message(n) for n in range(3)])
    wire.run(run_window(on, feed, Timeouts()))
    assert fates(feed) == ["ok", "OutcomeUnknown", "OutcomeUnknown"]


def test_the_window_is_bounded() -> None:
    on, wire = session(), Wire(*[OK * 12] * 10)
    feed = Feed(on, [message(n) for n in range(100)])
    wire.run(run_window(on, feed, Timeouts()))
    assert wire.wrote[0].count(b"RSET\r\n") == 12
    assert fates(feed) == ["ok"] * 100


# --- a pipeline of DATA

ENVELOPE = b"250 m\r\n250 t\r\n354 go\r\n"


def test_content_travels_with_the_next_envelope() -> None:
    on = session("PIPELINING")
    wire = Wire(ENVELOPE, b"250 taken\r\n" + ENVELOPE, b"250 taken\r\n" + ENVELOPE, b"250 taken\r\n")
    feed = Feed(on, [message(n) for n in range(3)])
    wire.run(run_pipeline(on, feed, Timeouts()))
    assert fates(feed) == ["ok"] * 3
    assert len(wire.wrote) == 4
    assert b"Hello\r\n.\r\nMAIL FROM" in wire.wrote[1]


@pytest.mark.catalogue("F30", "F31")
def test_an_envelope_that_never_left_us_is_not_blamed_for_the_content_before_it() -> None:
    on = session("PIPELINING")
    feed = Feed(on, [message(n) for n in range(3)])
    behind = len(feed.coming[1].commands) + len(b"DATA\r\n")
    wire = Wire(ENVELOPE, (behind, ConnectFailed("lost")), b"")
    wire.run(run_pipeline(on, feed, Timeouts()))
    assert fates(feed) == ["OutcomeUnknown"], "its dot had left"
    assert [one.resent for one in feed.back] == [0, 0]


@pytest.mark.catalogue("F30", "F31")
def test_content_that_did_not_all_leave_us_is_sent_again() -> None:
    on = session("PIPELINING")
    feed = Feed(on, [message(n) for n in range(3)])
    behind = len(feed.coming[1].commands) + len(b"DATA\r\n")
    wire = Wire(ENVELOPE, (behind + 1, ConnectFailed("lost")), b"")
    wire.run(run_pipeline(on, feed, Timeouts()))
    assert fates(feed) == []
    assert [one.resent for one in feed.back] == [1, 0, 0]


@pytest.mark.catalogue("F26")
def test_rset_comes_before_the_mail_after_a_refusal() -> None:
    on = session("PIPELINING")
    wire = Wire(b"250 m\r\n550 no\r\n503 d\r\n", b"250 r\r\n" + ENVELOPE, b"250 taken\r\n250 m\r\n550 no\r\n503 d\r\n")
    feed = Feed(on, [message(n) for n in range(3)])
    wire.run(run_pipeline(on, feed, Timeouts()))
    assert fates(feed) == ["RecipientRefused", "ok", "RecipientRefused"]
    assert wire.wrote[1].startswith(b"RSET\r\nMAIL")
    assert b".\r\nMAIL" in wire.wrote[2]
    assert on.dirty, "whoever uses the connection next has to say RSET first"


@pytest.mark.parametrize("kind", [run_window, run_pipeline])
def test_all_or_nobody_waits_for_its_recipients(kind: Any) -> None:
    on = session() if kind is run_window else session("PIPELINING")
    mail = message(1, to=["ann@example.org", "bob@example.org"], on_partial="abort")
    wire = Wire(b"250 m\r\n250 a\r\n550 b\r\n", b"250 reset\r\n")
    feed = Feed(on, [mail])
    wire.run(kind(on, feed, Timeouts()))
    assert fates(feed) == ["RecipientRefused"]
    assert not any(b"DATA" in said or b"BDAT" in said for said in wire.wrote)


@pytest.mark.parametrize("kind", [run_window, run_pipeline])
def test_a_slow_source_gives_the_connection_back(kind: Any) -> None:
    """While the source thinks, others may use the connection; and it may have worn when the source is done."""
    driver = ScriptedDriver({Write: lambda op: None, Read: lambda op: b""})
    on = session(*(() if kind is run_window else ("PIPELINING",)), clock=lambda: driver.now)
    feed = Feed(on, [message(n) for n in range(2)])
    on.messages = 2
    given = feed.next

    def slow(to: Session) -> Flow[Transaction | None]:
        driver.now += 1.0
        return (yield from given(to))

    feed.next = slow  # type: ignore[method-assign]
    driver.run(kind(on, feed, Timeouts()))
    assert len(feed.back) == 1
    assert on.usable
    assert on.messages == 1
    assert not driver.count(Write)


def test_lmtp_has_as_many_answers_as_recipients() -> None:
    on = session("PIPELINING", lmtp=True)
    one = transaction(on, message(to=["ann@example.org", "bob@example.org", "eve@example.org"]))
    wire = Wire(b"250 m\r\n250 a\r\n550 b\r\n250 e\r\n354 go\r\n", b"250 2.1.5 a\r\n452 4.2.2 full\r\n")
    wire.run(transact(on, one, Timeouts()))
    assert one.error is None
    assert [row.status.value for row in one.rows.values()] == ["accepted", "refused", "deferred"]
