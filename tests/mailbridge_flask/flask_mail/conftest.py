"""Fixtures of the tests of the drop-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from mailbridge_flask import MailBridge
from mailbridge_flask.flask_mail import Mail, Message


@pytest.fixture
def make_app() -> Iterator[Callable[..., Flask]]:
    """Make apps with mail, `make_app(MAIL_PORT=…)`; their connections end with the test."""
    made: list[Flask] = []

    def make(**config: Any) -> Flask:
        app = Flask(f"app{len(made)}")
        app.config.update(config)
        Mail(app)
        made.append(app)
        return app

    yield make
    for app in made:
        MailBridge().close(app)


@pytest.fixture
def hello() -> Message:
    """Give a message that lacks nothing."""
    return Message("Hello", ["ann@example.org"], "Hi Ann", sender="app@example.com")
