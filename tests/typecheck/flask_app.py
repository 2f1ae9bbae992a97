"""A Flask application as users write it: mypy --strict has nothing to say against it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, assert_type

from flask import Flask

from mailbridge import Mailer, MailError, Message, Receipt, Verification
from mailbridge.logging import MailHandler
from mailbridge.testing import SentMail
from mailbridge_flask import AppMailer, ErrorMailHandler, MailBridge, message_sent

mail = MailBridge()
bulk = MailBridge(name="bulk")


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["MAILBRIDGE"] = {"dsn": "memory://", "default_from": "shop@example.com"}
    mail.init_app(app)
    bulk.init_app(app)
    assert_type(mail.mail_errors(app, to="ops@example.com", prefix="shop"), ErrorMailHandler)

    @app.post("/orders")
    def order() -> dict[str, Any]:
        message = mail.from_template("order", {"item": "Tea"}, to="ann@example.org")
        assert_type(message, Message)
        assert_type(mail.send(message, via="bulk"), Receipt)
        return {"sent": True}

    @app.get("/later")
    async def later() -> str:
        receipt = await mail.asend(mail.message(to="ann@example.org", subject="Hi", text="Hello"))
        async for outcome in mail.asend_many([mail.message(to="ann@example.org", text="Hi")]):
            assert_type(outcome, Receipt | MailError)
        assert_type(await mail.averify(), Verification)
        return receipt.message_id

    return app


def heard(app: Flask, message: Message, receipt: Receipt, **extra: Any) -> None:
    print(message.subject, receipt.accepted)


def work(app: Flask) -> None:
    assert_type(mail.for_app(app), AppMailer)
    assert_type(mail.for_app(app).mailer, Mailer)
    with mail.record_messages(app) as outbox, message_sent.connected_to(heard, app):
        mail.for_app(app).send(mail.for_app(app).message(to="ann@example.org", text="Hi"))
    assert_type(outbox[0], SentMail)
    assert_type(outbox.assert_sent(subject="Hi"), SentMail)
    mail.close(app)


class Ours(MailHandler):
    def details(self, record: logging.LogRecord) -> dict[str, str]:
        return {"Tenant": "acme"}


logging.getLogger().addHandler(Ours(Mailer("null://"), to=["ops@example.com"], from_="shop@example.com"))
logging.getLogger().addHandler(MailHandler("null://", to="ops@example.com", from_="shop@example.com", level="CRITICAL"))
run: Callable[[Flask], None] = work
