"""The send path calls each hook as often as it promises, by every method and on every way a message can go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from support.colour import Colour
from support.members import ACCEPTED, DEFERRED, REFUSED, FakeTransport, message
from support.peer import Peer, drop, reply

from mailbridge import (
    ConfigError,
    Mailer,
    MailError,
    Message,
    MessageInvalid,
    OutcomeUnknown,
    Receipt,
    RecipientRefused,
    RecipientStatus,
    ServerError,
    Status,
    Transport,
    Unsupported,
    hookimpl,
)
from mailbridge.extend import Failover, Guard, Retry
from mailbridge.flow.operations import PULL, Flow, Now
from mailbridge.sending.delivery import Delivery

ANN, BOB = "ann@example.org", "bob@example.org"
MESSAGE = message("hello", (ANN, BOB))
BLOCKED = "blocked by the guard"


class Observer:
    """Notes every call of a hook, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.outcomes: list[Receipt | MailError] = []

    @hookimpl
    def mailbridge_message(self, message: Message) -> None:
        self.seen.append("message")

    @hookimpl(trylast=True)
    def mailbridge_pre_send(self, message: Message) -> None:
        self.seen.append("pre_send")

    @hookimpl
    def mailbridge_route(self, message: Message) -> None:
        self.seen.append("route")

    @hookimpl
    def mailbridge_prepare(self, mime: Any) -> None:
        self.seen.append("prepare")

    @hookimpl
    def mailbridge_attempt(self, attempt: Any) -> None:
        self.seen.append(f"{'ended' if attempt.finished else 'begun'} {attempt.number}")

    @hookimpl
    def mailbridge_fallback(self, source: str, target: str) -> None:
        self.seen.append(f"{source} to {target}")

    @hookimpl
    def mailbridge_sent(self, message: Message, receipt: Receipt) -> None:
        self.seen.append("sent")
        self.outcomes.append(receipt)

    @hookimpl
    def mailbridge_failed(self, message: Message, error: MailError) -> None:
        self.seen.append("failed")
        self.outcomes.append(error)

    @hookimpl
    def mailbridge_suppressed(self, recipients: Any, reason: str) -> None:
        self.seen.append(f"suppressed {' '.join(recipients)}: {reason}")


Send = Callable[..., "Receipt | MailError"]


@pytest.fixture(params=["send", "send_many"])
def send(request: pytest.FixtureRequest, colour: Colour) -> Send:
    """Send one message, by any of the four methods, and return the receipt or the error."""

    def one(mailer: Mailer, message: Any = MESSAGE, **options: Any) -> Receipt | MailError:
        if request.param == "send_many":
            (outcome,) = colour.send_many(mailer, [message], **options)
            return outcome  # type: ignore[no-any-return]
        try:
            return colour.send(mailer, message, **options)  # type: ignore[no-any-return]
        except MailError as error:
            return error

    return one


def plugin(**hooks: Callable[..., Any]) -> Any:
    """Return a plugin of these hooks."""
    return SimpleNamespace(**{f"mailbridge_{name}": hookimpl(function) for name, function in hooks.items()})


def at_once(state: Any) -> float:
    return 0.0


TAKEN = ["message", "pre_send", "route"]


class TestTheOrderOfHooks:
    def test_a_message_that_is_accepted(self, send: Send) -> None:
        observer = Observer()
        receipt = send(Mailer("null://", hooks=[observer]))
        assert observer.seen == [*TAKEN, "begun 1", "prepare", "ended 1", "sent"]
        assert observer.outcomes == [receipt]

    def test_a_message_that_is_refused(self, send: Send) -> None:
        observer = Observer()
        error = send(Mailer(FakeTransport(always=RecipientRefused("x")), hooks=[observer]))
        assert observer.seen == [*TAKEN, "begun 1", "ended 1", "failed"]
        assert observer.outcomes == [error]

    def test_one_of_two_recipients_is_refused(self, send: Send) -> None:
        observer = Observer()
        send(Mailer(FakeTransport(always={ANN: ACCEPTED, BOB: REFUSED}), hooks=[observer]))
        assert observer.seen == [*TAKEN, "begun 1", "ended 1", "sent"]

    def test_a_filter_that_refuses(self, send: Send) -> None:
        def refuse(message: Message) -> None:
            raise MessageInvalid("Not on Sundays.")

        observer, transport = Observer(), FakeTransport()
        error = send(Mailer(transport, hooks=[observer, plugin(message=refuse)]))
        assert isinstance(error, MessageInvalid)
        assert observer.seen == ["message", "failed"]
        assert transport.submitted == []

    @pytest.mark.parametrize("status", [Status.ACCEPTED, Status.QUEUED, Status.REFUSED])
    def test_a_plugin_that_answers_instead_of_sending(self, send: Send, status: Status) -> None:
        receipt = Receipt(message_id="<1@example.com>", recipients={ANN: RecipientStatus(status)})
        observer, transport = Observer(), FakeTransport()
        mailer = Mailer(transport, hooks=[observer, plugin(pre_send=lambda: receipt)])
        assert send(mailer) is receipt
        assert observer.seen == ["message", "sent"]
        assert transport.submitted == []

    def test_a_plugin_that_answers_without_any_recipient(self, send: Send) -> None:
        observer = Observer()
        send(Mailer("null://", hooks=[observer, plugin(pre_send=lambda: Receipt(message_id="", recipients={}))]))
        assert observer.seen == ["message", "sent"]

    def test_a_plugin_that_answers_that_nobody_shall_get_it(self, send: Send) -> None:
        row = RecipientStatus(Status.SUPPRESSED, text="unsubscribed")
        receipt = Receipt(message_id="<1@example.com>", recipients={ANN: row, BOB: row})
        observer = Observer()
        send(Mailer("null://", hooks=[observer, plugin(pre_send=lambda: receipt)]))
        assert observer.seen == ["message", f"suppressed {ANN} {BOB}: unsubscribed"]

    def test_a_feature_that_the_transport_lacks(self, send: Send) -> None:
        observer = Observer()
        error = send(Mailer(FakeTransport(), hooks=[observer]), MESSAGE.replace(html="<b>Hello</b>"))
        assert isinstance(error, Unsupported)
        assert observer.seen == [*TAKEN, "failed"]

    def test_a_mailer_that_is_not_configured(self, send: Send) -> None:
        observer = Observer()
        error = send(Mailer(hooks=[observer]))
        assert isinstance(error, ConfigError)
        assert observer.seen == [*TAKEN, "failed"]

    def test_what_is_no_message(self, send: Send) -> None:
        observer = Observer()
        error = send(Mailer("null://", hooks=[observer]), "Hello")
        assert isinstance(error, MessageInvalid)
        assert observer.seen == ["failed"]


class TestPolicies:
    def test_a_retry_is_observed_try_by_try_and_its_outcome_once(self, send: Send) -> None:
        observer = Observer()
        inner = FakeTransport(answers=[ServerError("x"), {ANN: ACCEPTED, BOB: DEFERRED}])
        send(Mailer(Retry(inner, wait=at_once), hooks=[observer]))
        tries = ["begun 1", "ended 1", "begun 2", "ended 2", "begun 3", "ended 3"]
        assert observer.seen == [*TAKEN, *tries, "sent"]

    def test_a_retry_that_gives_up(self, send: Send) -> None:
        observer = Observer()
        send(Mailer(Retry(FakeTransport(always=ServerError("x")), attempts=2, wait=at_once), hooks=[observer]))
        assert observer.seen == [*TAKEN, "begun 1", "ended 1", "begun 2", "ended 2", "failed"]

    def test_a_retry_prepares_each_try(self, send: Send) -> None:
        refusals = iter([ServerError("later")])

        def refuse_once(mime: Any) -> None:
            for error in refusals:
                raise error

        observer = Observer()
        policy = Retry(Mailer("memory://").transport(), wait=at_once)
        send(Mailer(policy, hooks=[observer, plugin(prepare=refuse_once)]))
        assert observer.seen == [*TAKEN, "begun 1", "prepare", "ended 1", "begun 2", "prepare", "ended 2", "sent"]

    def test_a_failover(self, send: Send) -> None:
        observer = Observer()
        policy = Failover(FakeTransport("a", always=ServerError("x")), FakeTransport("b"))
        send(Mailer(policy, hooks=[observer]))
        assert observer.seen == [
            *TAKEN, "begun 1", "ended 1", "fake://a to fake://b", "begun 2", "ended 2", "sent",
        ]  # fmt: skip

    def test_a_guard_that_lets_nobody_through(self, send: Send) -> None:
        observer = Observer()
        receipt = send(Mailer(Guard(FakeTransport(), block="@example.org"), hooks=[observer]))
        assert isinstance(receipt, Receipt)
        assert observer.seen == [*TAKEN, f"suppressed {ANN} {BOB}: {BLOCKED}"]

    def test_a_guard_that_lets_some_through(self, send: Send) -> None:
        observer = Observer()
        send(Mailer(Guard(FakeTransport(), block=BOB), hooks=[observer]))
        assert observer.seen == [*TAKEN, "begun 1", "ended 1", f"suppressed {BOB}: {BLOCKED}", "sent"]

    def test_each_reason_is_told_by_itself(self, send: Send) -> None:
        observer = Observer()
        send(Mailer(Guard(FakeTransport(), allow="@example.com", block=BOB), hooks=[observer]))
        assert observer.seen == [
            *TAKEN, f"suppressed {ANN}: not allowed by the guard", f"suppressed {BOB}: {BLOCKED}",
        ]  # fmt: skip

    def test_a_guard_before_a_transport_that_fails(self, send: Send) -> None:
        observer = Observer()
        send(Mailer(Guard(FakeTransport(always=RecipientRefused("x")), block=BOB), hooks=[observer]))
        assert observer.seen == [*TAKEN, "begun 1", "ended 1", f"suppressed {BOB}: {BLOCKED}", "failed"]

    def test_who_is_left_out_is_told_once_however_many_guards_and_tries_there_are(self, send: Send) -> None:
        observer = Observer()
        broken = Retry(Guard(FakeTransport("a", always=ServerError("x")), block=BOB), attempts=2, wait=at_once)
        send(Mailer(Failover(broken, Guard(FakeTransport("b"), block=BOB)), hooks=[observer]))
        assert observer.seen[-2:] == [f"suppressed {BOB}: {BLOCKED}", "sent"]
        assert sum(each.startswith("suppressed") for each in observer.seen) == 1

    def test_nobody_is_told_of_as_left_out_whom_another_transport_reaches(self, send: Send) -> None:
        observer = Observer()
        first = Guard(FakeTransport("a", always=ServerError("x")), block=BOB)
        receipt = send(Mailer(Failover(first, FakeTransport("b")), hooks=[observer]))
        assert isinstance(receipt, Receipt)
        assert receipt.accepted == (ANN, BOB)
        assert not any(each.startswith("suppressed") for each in observer.seen)


class Faulty(Transport):
    """Breaks the promise of a transport."""

    name = "faulty"

    def __init__(self, *, silent: bool) -> None:
        self.silent = silent

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        yield from Now()
        raise ZeroDivisionError("oops")

    def send_many(self) -> Flow[None]:
        yield PULL
        if not self.silent:
            raise ZeroDivisionError("oops")


@pytest.mark.parametrize("silent", [False, True], ids=["raises", "ends without an answer"])
def test_a_transport_with_a_fault_leaves_the_outcome_unknown(send: Send, silent: bool) -> None:
    observer = Observer()
    error = send(Mailer(Faulty(silent=silent), hooks=[observer]))
    assert isinstance(error, OutcomeUnknown)
    assert "faulty://" in error.text
    assert observer.seen == [*TAKEN, "failed"]


class TestManyMessages:
    def test_outcomes_keep_their_order_among_messages_that_go_nowhere(self, colour: Colour) -> None:
        def refuse_odd(message: Message) -> None:
            if int(message.subject) % 2:
                raise MessageInvalid(message.subject)

        observer = Observer()
        mailer = Mailer(FakeTransport(ahead=3), hooks=[observer, plugin(message=refuse_odd)])
        outcomes = colour.send_many(mailer, [message(str(number)) for number in range(9)])
        assert [isinstance(each, Receipt) for each in outcomes] == [not number % 2 for number in range(9)]
        assert [each.text for each in outcomes if isinstance(each, MailError)] == ["1", "3", "5", "7"]
        assert Counter(observer.seen) == {
            "message": 9, "pre_send": 5, "route": 5, "begun 1": 5, "ended 1": 5, "sent": 5, "failed": 4,
        }  # fmt: skip

    def test_neighbours_go_to_the_mailers_they_name(self, colour: Colour) -> None:
        one, two = FakeTransport("one"), FakeTransport("two")
        mailer = Mailer(mailers={"one": one, "two": two})
        names = ["one", "one", "two", "one", "three", "two"]
        outcomes = colour.send_many(mailer, [message(str(n), via=name) for n, name in enumerate(names)])
        assert [getattr(each, "transport", "") for each in outcomes if isinstance(each, Receipt)] == [
            "fake://one", "fake://one", "fake://two", "fake://one", "fake://two",
        ]  # fmt: skip
        assert isinstance(outcomes[4], ConfigError)
        assert [each.subject for each in one.messages] == ["0", "1", "3"]
        assert [each.subject for each in two.messages] == ["2", "5"]

    def test_a_route_may_choose_where_there_is_no_default(self, colour: Colour) -> None:
        mailer = Mailer(mailers={"bulk": FakeTransport("bulk")}, hooks=[plugin(route=lambda: "bulk")])
        (receipt,) = colour.send_many(mailer, [MESSAGE])
        assert receipt.transport == "fake://bulk"

    def test_a_mailer_that_is_not_configured_fails_each_message_by_itself(self, colour: Colour) -> None:
        outcomes = colour.send_many(Mailer("null://"), [MESSAGE, MESSAGE], via="bulk")
        assert [type(each) for each in outcomes] == [ConfigError, ConfigError]


class TestOnTheWire:
    """SMTP, alone and pipelined."""

    def observed(self, send: Send, dsn: str) -> list[str]:
        observer = Observer()
        with Mailer(dsn, hooks=[observer]) as mailer:
            send(mailer)
        # A pipeline renders a message before its turn has come.
        return sorted(observer.seen[3:-1]) + observer.seen[-1:]

    def test_a_message_that_is_accepted(self, send: Send) -> None:
        with Peer() as peer:
            seen = self.observed(send, f"smtp://{peer.address}?tls=off")
        assert seen == ["begun 1", "ended 1", "prepare", "sent"]

    def test_a_message_that_is_refused(self, send: Send) -> None:
        with Peer({"RCPT": reply("550 5.1.1 no such user")}) as peer:
            seen = self.observed(send, f"smtp://{peer.address}?tls=off")
        assert seen == ["begun 1", "ended 1", "prepare", "failed"]

    def test_a_connection_that_is_lost_after_the_message(self, send: Send) -> None:
        with Peer({".": drop()}) as peer:
            seen = self.observed(send, f"smtp://{peer.address}?tls=off")
        assert seen == ["begun 1", "ended 1", "prepare", "failed"]

    def test_no_connection(self, send: Send, closed_port: Any) -> None:
        seen = self.observed(send, f"smtp://{closed_port}?tls=off")
        assert seen == ["begun 1", "ended 1", "failed"]
