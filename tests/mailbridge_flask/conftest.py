"""Fixtures of the tests with Flask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from support.flask_apps import MakeApp

from mailbridge_flask import MailBridge


@pytest.fixture
def mail() -> MailBridge:
    """Give an extension as a module of an application has it: without an app."""
    return MailBridge()


@pytest.fixture
def make_app(mail: MailBridge) -> Iterator[MakeApp]:
    """Make apps that have the extension; they are closed with the test."""
    made = []

    def make(name: str = "shop", *, config: dict[str, Any] | None = None, **settings: Any) -> Flask:
        app = Flask(name)
        app.config.update(config or {})
        if settings:
            app.config["MAILBRIDGE"] = settings
        mail.init_app(app)
        made.append(app)
        return app

    yield make
    for app in made:
        for each in app.extensions["mailbridge"].values():
            each.close()
