"""Nothing leaves under TESTING or MAIL_SUPPRESS_SEND, whenever they are set, and everything is checked."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.addresses import Address
from support.flask_apps import MESSAGE, MakeApp, RefuseBob
from support.peer import Peer

from mailbridge import (
    ConfigError,
    ConnectFailed,
    Message,
    Receipt,
    RecipientRefused,
    Transport,
    Unsupported,
    hookimpl,
)
from mailbridge.extend import Delivery, Flow
from mailbridge.sending import diversion
from mailbridge.sending.stand_in import StandIn
from mailbridge.testing import Mailbox
from mailbridge.testing.outbox import LIMIT
from mailbridge_flask import MailBridge, message_sent


@pytest.fixture
def dead(closed_port: Address) -> str:
    """Give the DSN of a server that is not there: what reaches it fails."""
    return f"smtp://{closed_port}?tls=off"


class TestWhen:
    @pytest.mark.parametrize(
        "config",
        [
            {"TESTING": True},
            {"MAIL_SUPPRESS_SEND": True},
            {"MAIL_SUPPRESS_SEND": "true"},
            {"TESTING": True, "MAIL_SUPPRESS_SEND": None},
        ],
    )
    def test_nothing_leaves(self, mail: MailBridge, make_app: MakeApp, dead: str, config: dict[str, Any]) -> None:
        app = make_app(config=config, dsn=dead)
        with app.app_context():
            receipt = mail.send(MESSAGE)
        assert receipt.accepted == ("ann@example.org",)
        assert receipt.transport.startswith("suppressed(smtp://")
        assert mail.outbox(app)[0].subject == "Hi"
        assert mail.for_app(app).suppressed

    @pytest.mark.parametrize("config", [{}, {"TESTING": True, "MAIL_SUPPRESS_SEND": False}])
    def test_otherwise_it_does(self, mail: MailBridge, make_app: MakeApp, dead: str, config: dict[str, Any]) -> None:
        app = make_app(config=config, dsn=dead)
        with pytest.raises(ConnectFailed):
            mail.for_app(app).send(MESSAGE)
        assert mail.outbox(app) == []

    def test_testing_may_be_set_after_init_and_even_after_sending(
        self, mail: MailBridge, make_app: MakeApp, peer: Callable[..., Peer]
    ) -> None:
        server = peer()
        app = make_app(dsn=f"smtp://{server.address}?tls=off")
        handle = mail.for_app(app)
        for testing in (False, True, False, True):
            app.testing = testing
            handle.send(MESSAGE.replace(subject=str(testing)))
        assert len(server.messages) == 2
        assert [each.subject for each in handle.outbox] == ["True", "True"]

    def test_the_app_next_to_it_is_not_touched(self, mail: MailBridge, make_app: MakeApp, dead: str) -> None:
        tested, other = make_app("a", config={"TESTING": True}, dsn=dead), make_app("b", dsn="null://")
        mail.for_app(tested).send(MESSAGE)
        assert mail.for_app(other).send(MESSAGE).transport == "null://"
        assert (len(mail.outbox(tested)), len(mail.outbox(other))) == (1, 0)

    def test_a_word_that_is_neither_true_nor_false_is_refused_and_nothing_is_sent(
        self, mail: MailBridge, make_app: MakeApp
    ) -> None:
        app = make_app(config={"MAIL_SUPPRESS_SEND": "perhaps"}, dsn="memory://")
        with pytest.raises(ConfigError, match="MAIL_SUPPRESS_SEND must be true or false"):
            mail.for_app(app).send(MESSAGE)
        kept: Any = mail.for_app(app).mailer.transport()
        assert kept.messages == ()


class TestEveryWayToSend:
    def test_via_dsn_and_many(self, mail: MailBridge, make_app: MakeApp, dead: str) -> None:
        app = make_app(config={"TESTING": True}, dsn=dead, mailers={"bulk": dead})
        handle = mail.for_app(app)
        handle.send(MESSAGE, via="bulk")
        handle.send(MESSAGE, dsn=dead)
        handle.mailer.send(MESSAGE, dsn=dead)
        assert all(outcome.accepted for outcome in handle.send_many([MESSAGE] * 3))  # type: ignore[union-attr]
        assert [each.mailer for each in handle.outbox] == ["bulk", *["default"] * 5]

    def test_asynchronous_views(self, mail: MailBridge, make_app: MakeApp, dead: str) -> None:
        app = make_app(config={"TESTING": True}, dsn=dead)

        @app.get("/")
        async def view() -> str:
            await mail.asend(MESSAGE)
            return str(len([outcome async for outcome in mail.asend_many([MESSAGE, MESSAGE])]))

        assert app.test_client().get("/").text == "2"
        assert len(mail.outbox(app)) == 3

    def test_an_app_under_test_needs_no_mailer(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(config={"TESTING": True})
        mail.for_app(app).send(MESSAGE)
        assert b"Subject: Hi" in mail.outbox(app)[0].raw
        app.testing = False
        with pytest.raises(ConfigError, match="No mailer is configured"):
            mail.for_app(app).send(MESSAGE)


class TestAsInProduction:
    def test_what_the_transport_cannot_express_is_refused(self, mail: MailBridge, make_app: MakeApp, dead: str) -> None:
        app = make_app(config={"TESTING": True}, dsn=dead)
        with pytest.raises(Unsupported, match="template"):
            mail.for_app(app).send(MESSAGE.replace(template="welcome", text=None))
        assert mail.outbox(app) == []

    def test_hooks_have_their_say_also_on_the_bytes(self, mail: MailBridge, make_app: MakeApp, dead: str) -> None:
        class Precedence(RefuseBob):
            @hookimpl
            def mailbridge_prepare(self, mime: Any) -> None:
                mime.add_header("Precedence", "bulk")

        app = make_app(config={"TESTING": True}, dsn=dead, hooks=Precedence())
        mail.for_app(app).send(MESSAGE)
        assert b"Precedence: bulk" in mail.outbox(app)[0].raw
        with pytest.raises(RecipientRefused):
            mail.for_app(app).send(MESSAGE.replace(to="bob@example.org"))

    def test_signals_are_sent(self, mail: MailBridge, make_app: MakeApp, dead: str) -> None:
        app = make_app(config={"TESTING": True}, dsn=dead)
        seen: list[str] = []
        with message_sent.connected_to(lambda sender, receipt, **extra: seen.append(receipt.transport), app):
            mail.for_app(app).send(MESSAGE)
        assert seen == [mail.outbox(app)[0].receipt.transport]  # type: ignore[union-attr]

    @pytest.mark.parametrize("testing", [True, False])
    def test_the_mailbox_of_the_test_kit_goes_before_the_outbox(
        self, mail: MailBridge, make_app: MakeApp, dead: str, testing: bool
    ) -> None:
        app = make_app(config={"TESTING": testing}, dsn=dead)

        @app.get("/")
        def view() -> str:
            return mail.send(MESSAGE).transport

        with Mailbox() as mailbox:
            assert app.test_client().get("/").text == f"mailbox({dead.partition('?')[0]})"
            mailbox.fail_next(ConnectFailed("no server"))
            with pytest.raises(ConnectFailed, match="no server"):
                mail.for_app(app).send(MESSAGE)
            with pytest.raises(Unsupported):
                mail.for_app(app).send(MESSAGE.replace(template="welcome", text=None))
        mailbox.assert_sent(subject="Hi")
        assert mail.outbox(app) == []

    def test_what_takes_the_place_of_the_outbox_checks_as_the_transport_does(
        self, mail: MailBridge, make_app: MakeApp, dead: str
    ) -> None:
        rendered: list[bytes | None] = []

        class Over(StandIn):
            def take(self, delivery: Delivery, mime: bytes | None) -> Flow[Receipt]:
                rendered.append(mime)
                return (yield from self.original.send(delivery))

        class Kit:
            def instead(self, transport: Transport, message: Message, mailer: str) -> Transport:
                return Over(transport)

        app = make_app(config={"TESTING": True}, dsn=dead)
        before = diversion.divert(Kit())
        try:
            mail.for_app(app).send(MESSAGE)
        finally:
            diversion.divert(before)
        assert rendered == [mail.outbox(app)[0].raw]


class TestOutbox:
    def test_it_is_a_list_with_assertions(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(config={"TESTING": True})
        mail.for_app(app).send(MESSAGE)
        outbox = mail.outbox(app)
        assert outbox.assert_sent(to="ann@example.org", subject="Hi") is outbox[0]
        with pytest.raises(AssertionError, match=r"ann@example\.org"):
            outbox.assert_sent(to="bob@example.org")
        outbox.clear()
        outbox.assert_none()

    def test_it_forgets_the_oldest(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(config={"TESTING": True})
        for _ in mail.for_app(app).send_many(MESSAGE.replace(subject=str(n)) for n in range(LIMIT + 5)):
            pass
        assert (len(mail.outbox(app)), mail.outbox(app)[0].subject) == (LIMIT, "5")

    def test_one_may_wait_for_what_a_thread_sends(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(config={"TESTING": True})
        with ThreadPoolExecutor(1) as thread:
            thread.submit(mail.for_app(app).send, MESSAGE)
            assert mail.outbox(app).wait_for(subject="Hi").to[0].addr_spec == "ann@example.org"

    def test_record_messages_has_what_was_sent_in_its_block(self, mail: MailBridge, make_app: MakeApp) -> None:
        app = make_app(config={"TESTING": True})
        with app.app_context():
            mail.send(MESSAGE.replace(subject="before"))
            with mail.record_messages() as outer, mail.record_messages() as inner:
                mail.send(MESSAGE)
            mail.send(MESSAGE.replace(subject="after"))
        assert [each.subject for each in outer] == [each.subject for each in inner] == ["Hi"]
        assert len(mail.outbox(app)) == 3

    def test_record_messages_sees_what_is_sent_in_earnest_too(
        self, mail: MailBridge, make_app: MakeApp, peer: Callable[..., Peer]
    ) -> None:
        server = peer()
        app = make_app(dsn=f"smtp://{server.address}?tls=off")
        with mail.record_messages(app) as outbox:
            mail.for_app(app).send(MESSAGE)
        assert outbox.assert_sent(subject="Hi").receipt.accepted == ("ann@example.org",)  # type: ignore[union-attr]
        assert (len(server.messages), mail.outbox(app)) == (1, [])
