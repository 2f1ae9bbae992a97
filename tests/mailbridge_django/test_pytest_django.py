"""pytest-django's `mailoutbox` in a project of a user's, by the real plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.django_project import DEPRECATED, mail_settings

pytest.importorskip("pytest_django", reason="pytest-django is not installed, so nothing shows that mailoutbox works")

ROOT = Path(__file__).resolve().parent.parent.parent

TESTS = """
import asyncio

from django.core import mail
from django.core.mail import send_mail
from mailbridge import Message
from mailbridge_django import asend_mail, mailer


def subjects(box):
    return [each.subject for each in box]


def test_send_mail(mailoutbox):
    assert send_mail("Hi", "Hello", None, ["ann@example.org"]) == 1
    assert subjects(mailoutbox) == ["Hi"]
    assert mailoutbox is mail.outbox


def test_asend_mail(mailoutbox):
    assert asyncio.run(asend_mail("Ahoy", "Hello", None, ["ann@example.org"], using="bulk")) == 1
    assert subjects(mailoutbox) == ["Ahoy"]


def test_our_own_interface(mailoutbox):
    message = Message(from_="a@example.com", to="ann@example.org", subject="Own", text="Hello")
    assert mailer("bulk").send(message).accepted == ("ann@example.org",)
    assert subjects(mailoutbox) == ["Own"]


def test_without_the_fixture_nothing_leaves_either():
    send_mail("Quiet", "Hello", None, ["ann@example.org"])
    assert subjects(mail.outbox) == ["Quiet"]


def test_the_mailbox_sees_djangos_mail_beside_the_outbox(mailbox, mailoutbox):
    send_mail("Hi", "Hello", None, ["ann@example.org"])
    asyncio.run(asend_mail("Ahoy", "Hello", None, ["ann@example.org"]))
    mailer().send(Message(from_="a@example.com", to="ann@example.org", subject="Own", text="Hello"))
    assert [each.subject for each in mailbox.sent] == subjects(mailoutbox) == ["Hi", "Ahoy", "Own"]


def test_the_mailbox_alone_is_enough(mailbox):
    send_mail("Hi", "Hello", None, ["ann@example.org"])
    mailbox.assert_sent(to="ann@example.org", subject="Hi")


def test_the_outbox_is_empty_again(mailoutbox):
    assert mailoutbox == []
"""

PLUGINS = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # here mailbridge may be on the path only, without its entry points
    "PYTEST_PLUGINS": "pytest_django.plugin,mailbridge.testing.plugin",
}

Run = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, way: str) -> Run:
    """Run pytest with these tests in a project that would send to a port where nobody listens."""
    dead = {"dsn": "smtp://127.0.0.1:9"}
    settings = {
        "SECRET_KEY": "x",
        "USE_TZ": True,
        "INSTALLED_APPS": ["mailbridge_django"],
        "DEFAULT_FROM_EMAIL": "app@example.com",
        **mail_settings(way, {"default": dead, "bulk": dead}),
    }
    (tmp_path / "shop.py").write_text("".join(f"{name} = {value!r}\n" for name, value in settings.items()))
    quiet = f"\n    {DEPRECATED}" if way == "EMAIL_BACKEND" and "2028" in _known() else ""
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\nDJANGO_SETTINGS_MODULE = shop\npythonpath = .\nfilterwarnings =\n    error{quiet}\n"
    )

    def work(tests: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_shop.py").write_text(tests)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO"))}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider"],
            cwd=tmp_path,
            env={
                **kept,
                **PLUGINS,
                "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [kept.get("PYTHONPATH")])]),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return work


def _known() -> str:
    """Name what this Django knows of deprecations, for pytest refuses a filter of an unknown class."""
    from django.utils import deprecation

    return " ".join(dir(deprecation))


def test_mailoutbox_has_what_is_sent_in_every_way(run: Run) -> None:
    done = run(TESTS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout
    assert "django: version" in done.stdout  # the plugin's own line


def test_a_test_that_expects_too_much_fails(run: Run) -> None:
    done = run("def test_empty(mailoutbox):\n    assert len(mailoutbox) == 1\n")
    assert done.returncode == 1
    assert "1 failed" in done.stdout
