"""Signals: who hears what, and that no receiver changes the outcome."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from support.flask_apps import MESSAGE, MakeApp, RefuseBob

from mailbridge import RecipientRefused
from mailbridge_flask import MailBridge, message_failed, message_sending, message_sent, message_suppressed

SIGNALS = {
    "sending": message_sending,
    "sent": message_sent,
    "failed": message_failed,
    "suppressed": message_suppressed,
}
Seen = list[tuple[str, Any, dict[str, Any]]]


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Collect every signal: its name, its sender, its arguments."""
    found: Seen = []
    receivers = []
    for name, signal in SIGNALS.items():

        def receive(sender: Any, *, _name: str = name, **arguments: Any) -> None:
            found.append((_name, sender, arguments))

        signal.connect(receive)
        receivers.append((signal, receive))
    yield found
    for signal, receive in receivers:
        signal.disconnect(receive)


def test_a_mail_that_is_sent_is_told_before_and_after(mail: MailBridge, make_app: MakeApp, seen: Seen) -> None:
    app = make_app(dsn="memory://")
    with app.app_context():
        receipt = mail.send(MESSAGE)
    (before, sender, asked), (after, _, told) = seen
    assert (before, after) == ("sending", "sent")
    assert type(sender) is Flask
    assert sender is app
    assert (asked["message"].subject, asked["name"]) == ("Hi", "default")
    assert (told["receipt"], told["message"].message_id) == (receipt, receipt.message_id)


def test_a_mail_that_fails_is_told_with_its_error(mail: MailBridge, make_app: MakeApp, seen: Seen) -> None:
    app = make_app(dsn="memory://", hooks=RefuseBob())
    with pytest.raises(RecipientRefused) as caught:
        mail.for_app(app).send(MESSAGE.replace(to="bob@example.org"))
    assert [name for name, _, _ in seen] == ["sending", "failed"]
    assert seen[1][2]["error"] is caught.value


def test_recipients_that_are_left_out_are_told(mail: MailBridge, make_app: MakeApp, seen: Seen) -> None:
    app = make_app(dsn="guard(memory://, block=@example.net)")
    mail.for_app(app).send(MESSAGE.replace(cc="eve@example.net"))
    assert [name for name, _, _ in seen] == ["sending", "suppressed", "sent"]
    assert seen[1][2]["recipients"] == ("eve@example.net",)
    assert seen[1][2]["reason"]


def test_each_of_many_is_told_and_the_instance_is_named(make_app: MakeApp, seen: Seen) -> None:
    app = make_app(config={"MAILBRIDGE_BULK": "memory://"})
    for _ in MailBridge(app, name="bulk").for_app(app).send_many([MESSAGE, MESSAGE]):
        pass
    assert [(name, told["name"]) for name, _, told in seen if name == "sent"] == [("sent", "bulk")] * 2


def test_only_the_receivers_of_this_app_are_called(mail: MailBridge, make_app: MakeApp) -> None:
    shop, blog = make_app("shop", dsn="null://"), make_app("blog", dsn="null://")
    heard: list[str] = []
    with message_sent.connected_to(lambda app, **told: heard.append(app.name), sender=blog):
        mail.for_app(shop).send(MESSAGE)
        mail.for_app(blog).send(MESSAGE)
    assert heard == ["blog"]


def test_a_receiver_that_fails_is_logged_and_the_others_are_called(
    mail: MailBridge, make_app: MakeApp, seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(app: Any, **told: Any) -> None:
        raise RuntimeError("the receiver is broken")

    app = make_app(dsn="memory://")
    for signal in SIGNALS.values():
        signal.connect(broken, app)
    with caplog.at_level(logging.ERROR, "mailbridge.flask"):
        assert mail.for_app(app).send(MESSAGE).complete
    assert [name for name, _, _ in seen] == ["sending", "sent"]
    assert [record.getMessage() for record in caplog.records] == [
        "A receiver of mailbridge-sending failed, which changes nothing",
        "A receiver of mailbridge-sent failed, which changes nothing",
    ]


@pytest.mark.parametrize("where", ["plain", "asynchronous view", "send in a loop"])
def test_receivers_may_be_asynchronous(mail: MailBridge, make_app: MakeApp, where: str) -> None:
    app = make_app(dsn="memory://")
    heard: list[str] = []

    async def receive(sender: Flask, message: Any, **told: Any) -> None:
        await asyncio.sleep(0)
        heard.append(message.subject)

    @app.get("/")
    async def view() -> str:
        return (await mail.asend(MESSAGE)).transport

    async def work() -> None:
        mail.for_app(app).send(MESSAGE)

    with message_sent.connected_to(receive, app):
        if where == "plain":
            mail.for_app(app).send(MESSAGE)
        elif where == "asynchronous view":
            assert app.test_client().get("/").text == "memory://"
        else:
            asyncio.run(work())
    assert heard == ["Hi"]


def test_a_muted_signal_is_not_sent(mail: MailBridge, make_app: MakeApp, seen: Seen) -> None:
    with message_sent.muted():
        mail.for_app(make_app(dsn="null://")).send(MESSAGE)
    assert [name for name, _, _ in seen] == ["sending"]
