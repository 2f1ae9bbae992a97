"""Django's test runner is respected: nothing leaves, everything is in `mail.outbox`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.test.utils import setup_test_environment, teardown_test_environment
from support.colour import Colour
from support.django_project import Configure

from mailbridge import Attachment, Mailer, Message, ServerError
from mailbridge.testing import Mailbox
from mailbridge.testing.interception import watched
from mailbridge_django import EmailBackend, asend_mail, mailer


@pytest.fixture
def runner(configure: Configure) -> Iterator[None]:
    """Do what Django's test runner and pytest-django do before a test, to a project that would send real mail."""
    configure({"bulk": {"dsn": "smtp://127.0.0.1:9"}}, dsn="smtp://127.0.0.1:9")
    setup_test_environment()
    yield
    teardown_test_environment()


MESSAGE = Message(
    from_="App <app@example.com>",
    to="ann@example.org",
    cc="bob@example.org",
    bcc="cem@example.org",
    reply_to="desk@example.com",
    subject="Grüße",
    text="Hallo",
    html='<img src="cid:logo">',
    calendar="BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n",
    attachments=[
        Attachment(b"%PDF", "a.pdf"),
        Attachment(b"\x89PNG", "logo.png", inline=True, content_id="logo"),
    ],
    headers={"X-Shop": "1"},
    tags=["welcome"],
    list_unsubscribe="https://example.com/u",
    list_unsubscribe_post=True,
    references=["<a@example.com>"],
)


@pytest.mark.usefixtures("runner")
def test_send_mail_fills_the_outbox() -> None:
    assert mail.send_mail("Hi", "Hello", None, ["ann@example.org"]) == 1
    assert [each.subject for each in mail.outbox] == ["Hi"]


@pytest.mark.usefixtures("runner")
def test_asend_mail_fills_the_outbox() -> None:
    assert asyncio.run(asend_mail("Hi", "Hello", None, ["ann@example.org"], using="bulk")) == 1
    assert [each.subject for each in mail.outbox] == ["Hi"]


@pytest.mark.usefixtures("runner")
def test_our_own_interface_fills_the_outbox(colour: Colour) -> None:
    one = mailer("bulk")
    with colour.using(one):
        receipt = colour.send(one, MESSAGE)
    assert receipt.accepted == ("ann@example.org", "bob@example.org", "cem@example.org")
    (kept,) = mail.outbox
    assert (kept.subject, kept.body, kept.from_email) == ("Grüße", "Hallo", "App <app@example.com>")
    assert (kept.to, kept.cc, kept.bcc) == (["ann@example.org"], ["bob@example.org"], ["cem@example.org"])
    assert kept.reply_to == ["desk@example.com"]
    assert [kind for _, kind in kept.alternatives] == ["text/html", "text/calendar; method=REQUEST"]
    assert kept.attachments[0][:2] == ("a.pdf", b"%PDF")
    assert kept.attachments[1]["Content-ID"] == "<logo>"
    assert kept.extra_headers["X-Shop"] == "1"
    assert kept.extra_headers["List-Unsubscribe"] == "<https://example.com/u>"
    assert kept.tags == ("welcome",)
    assert kept.mailbridge_message.subject == "Grüße"
    assert b"logo.png" in kept.message().as_bytes()


@pytest.mark.usefixtures("runner")
def test_a_mailbox_sees_what_our_own_interface_sends_and_the_outbox_too() -> None:
    with Mailbox() as mailbox:
        mailer("bulk").send(MESSAGE)
    mailbox.assert_sent(subject="Grüße", backend="django")
    assert [each.subject for each in mail.outbox] == ["Grüße"]


@pytest.mark.usefixtures("runner")
def test_what_stays_in_the_outbox_is_no_mail_that_leaves() -> None:
    with watched() as watch:
        mailer("bulk").send(MESSAGE)
    assert watch.refused == []


@pytest.mark.usefixtures("runner")
def test_a_rendered_message_is_kept_as_it_is(colour: Colour) -> None:
    raw = b"From: app@example.com\r\nTo: ann@example.org\r\nSubject: Raw\r\n\r\nHello\r\n"
    colour.send(mailer(), Message.from_bytes(raw, keep_raw=True))
    (kept,) = mail.outbox
    assert kept.message()["Subject"] == "Raw"


@pytest.mark.usefixtures("runner")
def test_an_envelope_of_its_own_shows_as_in_django() -> None:
    mailer().send(Message(from_="a@example.com", to="b@example.org", text="x", envelope_sender="bounce@example.com"))
    (kept,) = mail.outbox
    assert kept.from_email == "bounce@example.com"
    assert kept.extra_headers["From"] == "a@example.com"


def test_outside_of_tests_it_is_the_mailer_itself(configure: Configure) -> None:
    configure(dsn="memory://")
    assert mailer() is EmailBackend(dsn="memory://").mailer


def test_other_backends_get_our_messages_too(way: str) -> None:
    with override_settings(**_by(way, "django.core.mail.backends.dummy.EmailBackend")):
        assert mailer().verify().text.endswith("django://django.core.mail.backends.dummy.")
        assert mailer().send(MESSAGE).provider == "django"


def test_a_backend_that_sends_nothing_is_an_error(way: str) -> None:
    with override_settings(**_by(way, "mailbridge_django.backend.BaseEmailBackend")):
        backend = mailer().transport()
        backend._backend.send_messages = lambda messages: 0  # type: ignore[attr-defined]
        with pytest.raises(ServerError, match="sent nothing"):
            Mailer(backend).send(MESSAGE)


def test_names_need_mailers(way: str) -> None:
    if way == "MAILERS":
        pytest.skip("with MAILERS every backend has a name")
    with (
        override_settings(**_by(way, "django.core.mail.backends.dummy.EmailBackend")),
        pytest.raises(ImproperlyConfigured, match="no mailers by name"),
    ):
        mailer("bulk")


def _by(way: str, backend: str) -> dict[str, Any]:
    return {"MAILERS": {"default": {"BACKEND": backend}}} if way == "MAILERS" else {"EMAIL_BACKEND": backend}
