"""The real Flask-Security sends its mails by mailbridge: with Flask-Mail installed, and without."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from support import flask_security_app
from support.flask_security_app import application, go_through, secured

from mailbridge.inbox import CatchAll
from mailbridge_flask import MailBridge, message_sending
from mailbridge_flask.flask_mail import Mail
from mailbridge_flask.flask_security import MailUtil

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[CatchAll]:
    with CatchAll(tls="off") as started:
        yield started


@pytest.fixture
def app(server: CatchAll) -> Iterator[Flask]:
    made = application(server.port)
    Mail(made)
    yield made
    MailBridge().close(made)


def test_messages_of_the_real_flask_mail_go_through_the_drop_in(app: Flask, server: CatchAll) -> None:
    go_through(secured(app), server.mailbox.wait_for)


def test_mail_util_sends_what_flask_security_renders(app: Flask, server: CatchAll) -> None:
    seen = []
    with message_sending.connected_to(lambda app, message, **_: seen.append(message), app):
        go_through(secured(app, mail_util_cls=MailUtil), server.mailbox.wait_for)
    assert [each.sensitive for each in seen] == [True] * 3


def test_mail_util_needs_no_flask_mail() -> None:
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    command = [sys.executable, flask_security_app.__file__]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout == "went through\n", done.stderr


@pytest.mark.parametrize("sender", ["no-reply@localhost", "default@example.com"])
def test_the_default_of_mailbridge_stands_in_for_no_sender(sender: str) -> None:
    app = Flask("configured")
    app.config["MAILBRIDGE"] = {"dsn": "memory://", "default_from": "default@example.com"}
    MailBridge(app)
    with app.app_context():
        MailUtil(app).send_mail("welcome", "Hello", "ann@example.org", sender, "Hi", None)
        [kept] = MailBridge().mailer.transport().messages  # type: ignore[attr-defined]  # that of memory
    assert str(kept.from_) == "default@example.com"
