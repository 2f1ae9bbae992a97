"""A mailbox has what its test sends, by whichever mailer and transport; nothing else of a send is changed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.colour import Colour
from support.members import FakeTransport, message

from mailbridge import ConfigError, Mailer, Message, Receipt, ServerError, Status, hookimpl
from mailbridge.sending import diversion
from mailbridge.sending.stand_in import StandIn
from mailbridge.testing import Mailbox, ProviderStub, SentMail, SmtpSink, joining
from mailbridge.testing.mailbox import current

ANN, BOB = "ann@example.org", "bob@example.org"
SMTP = "smtp://mail.example.com"
API = "resend://re_aaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbb@default"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox("this test") as mailbox:
        yield mailbox


class TestWhatWasCaught:
    def test_a_mail_is_seen_with_its_mailer_its_transport_and_its_receipt(
        self, colour: Colour, mailbox: Mailbox
    ) -> None:
        receipt = colour.send(Mailer(SMTP, mailers={"bulk": API}), message("hello"), via="bulk")
        mail = mailbox.assert_sent(to=ANN, subject="hello", backend="bulk")
        assert (mail.mailer, mail.transport, mail.receipt) == ("bulk", "resend://default", receipt)
        assert mailbox.assert_sent(backend="resend") is mail

    def test_its_bytes_are_those_of_smtp_and_hooks_have_seen_them(self, mailbox: Mailbox) -> None:
        class Signing:
            @hookimpl
            def mailbridge_prepare(self, mime: Any) -> None:
                mime.add_header("X-Signed", "yes")

        Mailer(SMTP, hooks=[Signing()]).send(message("hello"))
        assert b"\r\nX-Signed: yes\r\n" in mailbox.assert_sent().raw

    def test_a_receipt_says_that_nothing_was_sent(self, colour: Colour, mailbox: Mailbox) -> None:
        receipt = colour.send(Mailer(SMTP), message("hello", (ANN, BOB)))
        assert receipt.transport == "mailbox(smtp://mail.example.com:587)"
        assert {row.text for row in receipt.recipients.values()} == {
            "caught by mailbridge.testing (this test), not sent"
        }
        assert receipt.accepted == (ANN, BOB)
        assert (receipt.provider, receipt.provider_ids) == ("smtp", ())

    def test_a_provider_gives_every_message_an_id_of_its_own(self, mailbox: Mailbox) -> None:
        first, second = Mailer(API).send_many([message("1"), message("2")])
        assert isinstance(first, Receipt)
        assert isinstance(second, Receipt)
        assert first.provider == "resend"
        assert first.provider_id
        assert first.provider_id != second.provider_id

    def test_many_mails_are_in_order(self, mailbox: Mailbox) -> None:
        list(Mailer(SMTP).send_many(message(str(number)) for number in range(5)))
        assert [mail.subject for mail in mailbox] == ["0", "1", "2", "3", "4"]
        assert len(mailbox) == len(mailbox.sent) == 5

    def test_an_empty_mailbox_is_true(self, mailbox: Mailbox) -> None:
        assert mailbox
        mailbox.assert_none()

    def test_it_can_be_emptied(self, mailbox: Mailbox) -> None:
        Mailer(SMTP).send(message("hello"))
        mailbox.clear()
        mailbox.assert_none()
        Mailer(SMTP).send(message("hello"))
        mailbox.assert_count(1)

    def test_what_was_caught_stays_after_it_is_closed(self) -> None:
        with Mailbox() as mailbox:
            Mailer(SMTP).send(message("hello"))
        mailbox.assert_sent(subject="hello")
        assert repr(mailbox) == "Mailbox('a mailbox': 1 sent, 0 failed)"

    def test_a_message_that_failed_is_elsewhere_with_its_error(self, colour: Colour, mailbox: Mailbox) -> None:
        mailbox.fail_next(ServerError("busy"))
        with pytest.raises(ServerError) as caught:
            colour.send(Mailer(SMTP), message("hello"))
        mailbox.assert_none()
        [mail] = mailbox.failed
        assert (mail.subject, mail.error, mail.transport) == ("hello", caught.value, "smtp://mail.example.com:587")
        assert [attempt.error for attempt in mailbox.attempts(mail)] == ["ServerError"]

    def test_attempts_are_those_of_the_receipt(self, mailbox: Mailbox) -> None:
        mailbox.fail_next(ServerError)
        Mailer(f"retry({SMTP})").send(message("hello"))
        assert [attempt.error for attempt in mailbox.attempts(mailbox.assert_sent())] == ["ServerError", ""]
        assert mailbox.attempts(SentMail(message("never sent"))) == ()

    def test_waiting_is_for_what_other_threads_send(self, mailbox: Mailbox) -> None:
        thread = threading.Thread(target=Mailer(SMTP).send, args=(message("hello"),))
        thread.start()
        assert mailbox.wait_for(subject="hello").subject == "hello"
        thread.join()

    def test_waiting_is_for_what_other_tasks_send(self, mailbox: Mailbox) -> None:
        async def main() -> SentMail:
            task = asyncio.create_task(Mailer(SMTP).asend(message("hello")))
            mail = await mailbox.await_for(subject="hello")
            await task
            return mail

        assert asyncio.run(main()).subject == "hello"

    def test_a_message_is_caught_as_a_guard_has_changed_it(self, mailbox: Mailbox) -> None:
        Mailer(f"guard({SMTP}, redirect=dev@example.com)").send(message("hello"))
        assert mailbox.assert_sent(to="dev@example.com").envelope.recipients[0].addr_spec == "dev@example.com"

    def test_a_message_that_a_guard_lets_nobody_have_was_not_sent(self, mailbox: Mailbox) -> None:
        receipt = Mailer(f"guard({SMTP}, allow=@example.com)").send(message("hello"))
        assert receipt.recipients[ANN].status is Status.SUPPRESSED
        mailbox.assert_none()
        assert mailbox.failed == ()


class TestTransportsThatReachNobody:
    def test_memory_keeps_its_messages_as_well(self, colour: Colour, mailbox: Mailbox) -> None:
        mailer = Mailer("memory://")
        receipt = colour.send(mailer, message("hello"))
        transport: Any = mailer.transport()
        assert [each.subject for each in transport.messages] == ["hello"]
        mailbox.assert_sent(subject="hello", backend="memory")
        assert receipt.transport == "memory://"
        assert len(receipt.attempts) == 1

    def test_files_are_written_as_well(self, mailbox: Mailbox, tmp_path: Path) -> None:
        receipt = Mailer(f"file://{tmp_path}").send(message("hello"))
        assert Path(receipt.raw["path"]).is_file()
        mailbox.assert_sent(subject="hello")

    def test_faults_happen_to_them_too(self, mailbox: Mailbox) -> None:
        mailer = Mailer("memory://")
        mailbox.fail_next(ServerError)
        with pytest.raises(ServerError):
            mailer.send(message("hello"))
        transport: Any = mailer.transport()
        assert transport.messages == ()

    def test_what_an_adapter_put_in_the_place_of_a_transport_gives_way(self, mailbox: Mailbox) -> None:
        class Adapter:
            def instead(self, transport: Any, message: Message, mailer: str) -> StandIn:
                return StandIn(transport)

        receipt = Mailer(SMTP, diversion=Adapter()).send(message("hello"))
        assert receipt.transport == "mailbox(smtp://mail.example.com:587)"


class TestServersOfTheTestKit:
    def test_a_sink_gets_its_mail_and_the_mailbox_has_it_too(self, colour: Colour, mailbox: Mailbox) -> None:
        with SmtpSink() as sink:
            mailer = Mailer(SMTP, mailers={"sink": sink.dsn})
            with colour.using(mailer):
                receipt = colour.send(mailer, message("real"), via="sink")
                colour.send(mailer, message("caught"))
            sink.assert_sent(subject="real")
            sink.assert_count(1)
        assert [mail.subject for mail in mailbox] == ["real", "caught"]
        assert receipt.transport.startswith("smtp://")

    def test_so_does_a_provider(self, colour: Colour, mailbox: Mailbox) -> None:
        with ProviderStub("sendgrid") as stub:
            mailer = Mailer(stub.dsn)
            with colour.using(mailer):
                colour.send(mailer, message("real"))
            stub.assert_sent(subject="real")
        mailbox.assert_sent(subject="real", backend="sendgrid")

    def test_a_closed_one_is_a_server_like_others(self, mailbox: Mailbox) -> None:
        with SmtpSink() as sink:
            dsn = sink.dsn
        assert Mailer(dsn).send(message("caught")).transport.startswith("mailbox(")


class TestOpening:
    def test_a_closed_one_catches_nothing(self) -> None:
        transport = FakeTransport()
        with Mailbox() as mailbox:
            pass
        Mailer(transport).send(message("hello"))
        mailbox.assert_none()
        assert [each.subject for each in transport.messages] == ["hello"]

    def test_nothing_is_left_in_the_place_of_transports(self) -> None:
        before = diversion.current
        with Mailbox(), Mailbox():
            assert diversion.current is not before
        assert diversion.current is before

    def test_it_is_closed_when_the_block_fails(self) -> None:
        before = diversion.current
        with pytest.raises(ZeroDivisionError), Mailbox():
            1 / 0  # noqa: B018
        assert diversion.current is before

    def test_it_is_opened_once(self, mailbox: Mailbox) -> None:
        with pytest.raises(ConfigError, match="The mailbox of this test is open already"):
            mailbox.open()

    def test_the_inner_of_two_goes_first(self, mailbox: Mailbox) -> None:
        with Mailbox("inner") as inner:
            Mailer(SMTP).send(message("inner"))
            assert current() is inner
        Mailer(SMTP).send(message("outer"))
        assert current() is mailbox
        assert [mail.subject for mail in inner] == ["inner"]
        assert [mail.subject for mail in mailbox] == ["outer"]

    def test_without_one_nobody_owns_anything(self) -> None:
        assert current() is None


class TestJoining:
    @pytest.fixture
    def joined(self) -> Iterator[list[str]]:
        """Register a joiner, and note what happens to it."""
        happened: list[str] = []

        @contextmanager
        def joiner(mailbox: Mailbox) -> Iterator[None]:
            mailbox.keep(SentMail(message("from elsewhere")))
            happened.append("opened")
            try:
                yield
            finally:
                happened.append("closed")

        joining.register("a test", joiner)
        yield happened
        joining.unregister("a test")

    def test_an_adapter_brings_mail_that_came_another_way(self, joined: list[str]) -> None:
        with Mailbox() as mailbox:
            assert joined == ["opened"]
        assert joined == ["opened", "closed"]
        mailbox.assert_sent(subject="from elsewhere")

    def test_one_that_cannot_be_opened_leaves_nothing_open(self, joined: list[str]) -> None:
        @contextmanager
        def broken(mailbox: Mailbox) -> Iterator[None]:
            raise RuntimeError("no outbox")
            yield

        joining.register("broken", broken)
        before = diversion.current
        with pytest.raises(RuntimeError, match="no outbox"):
            Mailbox().open()
        joining.unregister("broken")
        assert diversion.current is before
        assert joined == ["opened", "closed"]
