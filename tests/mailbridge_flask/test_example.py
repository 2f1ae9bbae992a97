"""The example app: its one command, and its pages under the test client with mail that arrives."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from mailbridge.inbox import CatchAll
from mailbridge_flask import MailBridge

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "flask_app"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give the example's package, for the time of a test."""
    for name in [name for name in os.environ if name.startswith("FLASK_")]:
        monkeypatch.delenv(name)
    before = set(sys.modules)
    spec = importlib.util.spec_from_file_location(
        "shop", EXAMPLE / "shop" / "__init__.py", submodule_search_locations=[str(EXAMPLE / "shop")]
    )
    assert spec is not None
    assert spec.loader is not None
    package = sys.modules["shop"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    yield package
    for name in [name for name in set(sys.modules) - before if name.partition(".")[0] == "shop"]:
        del sys.modules[name]


@pytest.fixture
def app(shop: Any) -> Iterator[Flask]:
    app: Flask = shop.create_app()
    yield app
    for handler in list(app.logger.handlers):
        app.logger.removeHandler(handler)
        handler.close()
    extension: MailBridge = shop.mail
    extension.close(app)


def test_one_command_shows_every_mail_of_the_app() -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAILBRIDGE_", "FLASK_"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "examples/flask_app/demo.py"],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "The link leads to: Choose another password, ann@example.org." in done.stdout
    assert "ann@example.org got 'Your order: Tea & Cake' from Shop <shop@example.com>." in done.stdout
    assert "stock@example.com got 'Pack one Tea & Cake'" in done.stdout
    assert "operators@example.com got '[shop] ERROR: Exception on /reset/<token> [GET] (RuntimeError)'" in done.stdout
    assert done.stderr == ""


def test_an_order_arrives_by_smtp(app: Flask) -> None:
    with CatchAll(tls="off") as server:
        app.config["MAILBRIDGE"]["dsn"] = f"smtp://{server.host}:{server.port}?tls=off"
        answer = app.test_client().post("/orders", data={"item": "<Tea>", "email": "ann@example.org"})
        caught = {each.recipients[0]: each.parsed() for each in server.mailbox.wait_for(2)}
    order = caught["ann@example.org"]
    assert order["Message-ID"] == answer.json["message_id"]
    assert order["Subject"] == "Your order: <Tea>"
    html = order.get_body(("html",))
    assert html is not None
    assert "<b>&lt;Tea&gt;</b>" in html.get_content()
    assert caught["stock@example.com"]["Subject"] == "Pack one <Tea>"


def test_under_testing_the_same_is_in_the_outbox_and_the_link_works(app: Flask, shop: Any) -> None:
    app.testing = True
    client = app.test_client()
    client.post("/forgotten", data={"email": "ann@example.org"})
    mail = shop.mail.outbox(app).assert_sent(to="ann@example.org", subject="Choose another password")
    assert mail.sensitive
    assert client.get(mail.link("Choose another password")).text == "Choose another password, ann@example.org."
