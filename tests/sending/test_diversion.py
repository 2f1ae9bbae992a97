"""Something else takes the place of a transport, and everything around the transport stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.colour import Colour
from support.members import FakeTransport, message

from mailbridge import (
    Attachment,
    Mailer,
    MailError,
    Message,
    MessageInvalid,
    Receipt,
    RecipientStatus,
    Status,
    Transport,
    Unsupported,
    hookimpl,
)
from mailbridge.extend import Failover, Flow, Guard, RateLimit, Retry, RoundRobin
from mailbridge.sending import diversion
from mailbridge.sending.delivery import Delivery
from mailbridge.sending.policy import Policy
from mailbridge.sending.stand_in import StandIn, replaced

ANN = "ann@example.org"
SMTP = "smtp://mail.example.com"


class Taker(StandIn):
    """Takes what it stands in for, and remembers it."""

    word = "taken"
    taken: list[tuple[str, Message, bytes | None]]

    def take(self, delivery: Delivery, mime: bytes | None) -> Flow[Receipt]:
        self.taken.append((delivery.mailer, delivery.message, mime))
        rows = {each.addr_spec: RecipientStatus(Status.ACCEPTED) for each in delivery.envelope.recipients}
        return Receipt(message_id=delivery.message.message_id or "", recipients=rows, transport=str(self))
        yield


class Taking:
    """Takes the place of every transport, in the way of a test kit."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Message, bytes | None]] = []
        self.asked: list[tuple[str, str | None, str]] = []
        self._made: dict[int, tuple[Transport, Transport]] = {}

    def instead(self, transport: Transport, message: Message, mailer: str) -> Transport:
        self.asked.append((str(transport), message.message_id, mailer))
        if id(transport) not in self._made:
            self._made[id(transport)] = transport, replaced(transport, self._leaf)
        return self._made[id(transport)][1]

    def _leaf(self, transport: Transport) -> Transport:
        made = Taker(transport)
        made.taken = self.taken
        return made


@pytest.fixture
def everywhere() -> Iterator[Taking]:
    """Take the place of every transport of the process."""
    taking = Taking()
    before = diversion.divert(taking)
    yield taking
    assert diversion.divert(before) is taking


class Observer:
    """Notes the hooks that were called, and names the message in a header."""

    def __init__(self) -> None:
        self.called: list[str] = []

    @hookimpl
    def mailbridge_message(self, message: Message) -> None:
        self.called.append("message")

    @hookimpl
    def mailbridge_prepare(self, mime: Any) -> None:
        self.called.append("prepare")
        mime.add_header("X-Seen", "yes")

    @hookimpl
    def mailbridge_attempt(self, attempt: Any) -> None:
        self.called.append("finished" if attempt.finished else "begun")

    @hookimpl
    def mailbridge_sent(self, receipt: Receipt) -> None:
        self.called.append("sent")


class TestTheWholeProcess:
    def test_a_message_goes_elsewhere_and_the_receipt_says_so(self, colour: Colour, everywhere: Taking) -> None:
        receipt = colour.send(Mailer(SMTP), message("hello"))
        assert receipt.transport == "taken(smtp://mail.example.com:587)"
        assert [each.transport for each in receipt.attempts] == [receipt.transport]
        assert [taken.subject for _, taken, _ in everywhere.taken] == ["hello"]

    def test_many_messages_go_elsewhere(self, colour: Colour, everywhere: Taking) -> None:
        outcomes = colour.send_many(Mailer(SMTP), [message(str(number)) for number in range(20)])
        assert {each.transport for each in outcomes} == {"taken(smtp://mail.example.com:587)"}
        assert sorted(int(taken.subject) for _, taken, _ in everywhere.taken) == list(range(20))

    def test_a_transport_of_one_call_is_no_way_around(self, colour: Colour, everywhere: Taking) -> None:
        receipt = colour.send(Mailer(SMTP), message("hello"), dsn="smtp://tenant.example.net")
        assert receipt.transport == "taken(smtp://tenant.example.net:587)"

    def test_a_named_mailer_says_its_name(self, everywhere: Taking) -> None:
        Mailer(SMTP, mailers={"bulk": "smtp://bulk.example.com"}).send(message("hello"), via="bulk")
        assert [name for name, _, _ in everywhere.taken] == ["bulk"]
        [(transport, message_id, mailer)] = everywhere.asked
        assert (transport, mailer) == ("smtp://bulk.example.com:587", "bulk")
        assert message_id, "the message has its Message-ID by then"

    def test_nothing_is_diverted_any_more_when_it_was_taken_away(self, everywhere: Taking) -> None:
        diversion.divert(None)
        transport = FakeTransport()
        Mailer(transport).send(message("hello"))
        diversion.divert(everywhere)
        assert [each.subject for each in transport.messages] == ["hello"]

    def test_hooks_are_called_as_ever(self, everywhere: Taking) -> None:
        observer = Observer()
        Mailer(SMTP, hooks=[observer]).send(message("hello"))
        assert observer.called == ["message", "begun", "prepare", "finished", "sent"]
        [(_, _, mime)] = everywhere.taken
        assert mime is not None
        assert b"\r\nX-Seen: yes\r\n" in mime

    def test_what_the_diversion_refuses_is_the_outcome(self, colour: Colour) -> None:
        class Refusing:
            def instead(self, transport: Transport, message: Message, mailer: str) -> Transport:
                raise MailError("not here")

        mailer = Mailer(FakeTransport(), diversion=Refusing())
        with pytest.raises(MailError, match="not here"):
            colour.send(mailer, message("hello"))
        [outcome] = colour.send_many(mailer, [message("hello")])
        assert isinstance(outcome, MailError)


class TestOneMailer:
    def test_its_own_diversion_concerns_no_other(self) -> None:
        own, other = Taking(), FakeTransport()
        Mailer(SMTP, diversion=own).send(message("mine"))
        Mailer(other).send(message("another's"))
        assert [taken.subject for _, taken, _ in own.taken] == ["mine"]
        assert [each.subject for each in other.messages] == ["another's"]

    def test_that_of_the_process_comes_after_it(self, everywhere: Taking) -> None:
        receipt = Mailer(SMTP, diversion=Taking()).send(message("hello"))
        assert receipt.transport == "taken(taken(smtp://mail.example.com:587))"
        assert len(everywhere.taken) == 1


class TestChecksOfTheOriginal:
    def test_features_it_lacks_are_unsupported_by_its_own_name(self, everywhere: Taking) -> None:
        with pytest.raises(Unsupported, match=r"The transport smtp://mail\.example\.com:587 cannot express template"):
            Mailer(SMTP).send(message("hello").replace(template="welcome"))
        assert everywhere.taken == []

    @pytest.mark.parametrize(
        ("dsn", "wrong", "field"),
        [
            pytest.param(
                "postmark://b6a6ffe0-1111-4222-8333-444455556666@default",
                {"tags": ["a", "b"]},
                "tags",
                id="the number of tags",
            ),
            pytest.param(
                "mailtrap://token@default",
                {"merge_global": {"name": "Ann"}},
                "merge_global",
                id="data without template",
            ),
            pytest.param(
                "postmark://b6a6ffe0-1111-4222-8333-444455556666@default?max_bytes=1000",
                {"attachments": [Attachment(b"x" * 2000, filename="a.bin")]},
                "attachments",
                id="the size of the call",
            ),
            pytest.param(
                "postmark://b6a6ffe0-1111-4222-8333-444455556666@default",
                {"provider_options": {"postmark": {"no": 1}}},
                "provider_options",
                id="its options",
            ),
        ],
    )
    def test_limits_of_an_api_are_those_of_production(
        self, everywhere: Taking, dsn: str, wrong: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(MessageInvalid) as caught:
            Mailer(dsn).send(message("hello").replace(**wrong))
        assert caught.value.field.partition(".")[0] == field
        assert everywhere.taken == []

    def test_a_message_that_an_api_would_take_makes_no_call(self, colour: Colour, everywhere: Taking) -> None:
        receipt = colour.send(Mailer("postmark://b6a6ffe0-1111-4222-8333-444455556666@default"), message("hello"))
        assert receipt.transport == "taken(postmark://default)"

    def test_a_message_that_travels_as_mime_is_seen_by_hooks_once(self, everywhere: Taking) -> None:
        observer = Observer()
        Mailer("ses://AKIAIOSFODNN7EXAMPLE:secret-secret-secret@eu-west-1", hooks=[observer]).send(message("hello"))
        assert observer.called.count("prepare") == 1

    def test_a_provider_s_smtp_door_expresses_the_message_in_its_headers(self, everywhere: Taking) -> None:
        Mailer("sendgrid+smtp://key@default").send(message("hello").replace(tags=["welcome"]))
        [(_, _, mime)] = everywhere.taken
        assert mime is not None
        assert b"X-SMTPAPI" in mime

    def test_verifying_is_not_sending(self, colour: Colour, everywhere: Taking) -> None:
        assert colour.verify(Mailer("null://")).transport == "null://"
        assert everywhere.asked == []


class TestPolicies:
    @pytest.mark.parametrize(
        ("policy", "shown"),
        [
            (Retry(FakeTransport("a")), "retry(taken(fake://a))"),
            (Failover(FakeTransport("a"), FakeTransport("b")), "failover(taken(fake://a), taken(fake://b))"),
            (RoundRobin(FakeTransport("a"), FakeTransport("b")), "roundrobin(taken(fake://a), taken(fake://b))"),
            (RateLimit(FakeTransport("a"), rate="1/s"), "ratelimit(taken(fake://a))"),
            (Guard(Retry(FakeTransport("a")), redirect=ANN), "guard(retry(taken(fake://a)))"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_they_stay_and_their_leaves_are_replaced(self, policy: Policy, shown: str) -> None:
        made = replaced(policy, Taker)
        assert str(made) == shown
        assert (made.features, made.lanes, made.keyed) == (policy.features, policy.lanes, policy.keyed)

    def test_one_that_does_not_say_how_it_is_made_is_replaced_as_a_whole(self) -> None:
        class Careless(Retry):
            """Keeps its member in a second place, and sends through that."""

        assert str(replaced(Careless(FakeTransport("a")), Taker)) == "taken(retry(fake://a))"

    def test_they_remember_nothing_and_tell_the_originals_nothing(self, colour: Colour) -> None:
        failover = Failover(FakeTransport("a", [MailError("x")] * 3), FakeTransport("b"))
        failover._team[0].breaker.failures = 1
        made = failover.over(FakeTransport("c"), FakeTransport("d"))
        assert made._team[0].breaker is not failover._team[0].breaker
        assert made._team[0].breaker.failures == 1
        limited = RateLimit(FakeTransport("a"), rate="1/h", max_wait=0)
        colour.run(limited.send(Delivery(message("hello"))))
        colour.run(limited.over(FakeTransport("b")).send(Delivery(message("hello"))))
