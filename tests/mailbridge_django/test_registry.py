"""One Mailer for each configuration, whatever makes the backends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from mailbridge import Mailer, Secret
from mailbridge_django import EmailBackend, registry
from mailbridge_django.configuration import frozen

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _clean() -> Any:
    registry.close_all()
    yield
    registry.close_all()


def test_equal_options_share_a_mailer_and_others_do_not() -> None:
    one = EmailBackend(dsn="memory://", unsupported={"tags": "drop"}).mailer
    assert EmailBackend(unsupported={"tags": "drop"}, dsn="memory://").mailer is one
    assert EmailBackend(dsn="memory://", unsupported={"tags": "warn"}).mailer is not one
    assert EmailBackend(dsn="memory://").mailer is not one


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 2]}}),
        ({"a": Secret("x")}, {"a": Secret("x")}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_what_is_equal_has_the_same_key(one: Any, other: Any) -> None:
    assert frozen(one) == frozen(other)
    assert hash(frozen(one)) == hash(frozen(other))


def test_an_object_stands_for_itself() -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

    hook = Unhashable()
    assert frozen([hook]) == frozen([hook])
    assert frozen([hook]) != frozen([Unhashable()])


def test_threads_that_ask_at_once_get_the_same() -> None:
    found: list[Mailer] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        found.append(EmailBackend(dsn="memory://?limit=7").mailer)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


def test_the_oldest_goes_where_there_are_too_many() -> None:
    first = EmailBackend(dsn="memory://?limit=1").mailer
    for number in range(registry.LIMIT):
        EmailBackend(dsn=f"memory://?limit={number + 2}")
    assert EmailBackend(dsn="memory://?limit=1").mailer is not first


def test_a_configuration_that_cannot_be_used_is_not_kept() -> None:
    for _ in range(2):
        with pytest.raises(Exception, match="nosuch"):
            EmailBackend(dsn="nosuch://")


PROGRAM = """
import django
from django.conf import settings
way = {"MAILERS": {"default": {"BACKEND": "mailbridge_django.EmailBackend", "OPTIONS": {"dsn": DSN}}}}
if django.VERSION < (6, 1):
    way = {"EMAIL_BACKEND": "mailbridge_django.EmailBackend",
           "MAILBRIDGE": {"MAILERS": {"default": {"OPTIONS": {"dsn": DSN}}}}}
settings.configure(**way)
django.setup()
from django.core.mail import send_mail
print(send_mail("Hi", "Hello", "app@example.com", ["ann@example.org"]))
"""


def test_sending_works_without_the_app_and_leaves_politely_at_exit(peer: Any) -> None:
    server = peer()
    program = f"DSN = 'smtp://{server.address}?tls=off'\n{PROGRAM}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert server.sessions[0].end == "quit"
