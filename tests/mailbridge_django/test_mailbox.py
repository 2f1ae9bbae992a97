"""Mailboxes of the test kit in Django's tests: they see Django's own mail, and `mail.outbox` stays what it is."""

from __future__ import annotations

import asyncio
import threading
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends import locmem
from django.dispatch import Signal
from django.test import SimpleTestCase
from django.test.utils import setup_test_environment, teardown_test_environment
from support.django_project import Configure

from mailbridge import ConnectFailed, Message, MessageInvalid
from mailbridge.testing import Mailbox, MailboxMixin, joining
from mailbridge_django import asend_mail, mailer
from mailbridge_django.mailbox import outbox
from mailbridge_django.signals import message_failed, message_sending, message_sent


@pytest.fixture(autouse=True)
def _runner(configure: Configure) -> Iterator[None]:
    """Do what Django's test runner and pytest-django do before a test, to a project that would send real mail."""
    configure({"bulk": {"dsn": "smtp://127.0.0.1:9"}}, dsn="smtp://127.0.0.1:9")
    setup_test_environment()
    yield
    teardown_test_environment()


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with Mailbox("a test of Django's") as mailbox:
        yield mailbox


def send(subject: str = "Hi", **options: Any) -> int:
    return mail.send_mail(subject, "Hello", "app@example.com", ["ann@example.org"], **options)


def subjects() -> list[str]:
    return [each.subject for each in mail.outbox]


def own() -> None:
    mailer().send(Message(from_="app@example.com", to="ann@example.org", subject="Hi", text="Hello"))


ROUTES: dict[str, Callable[[], Any]] = {
    "send_mail": send,
    "EmailMessage.send": lambda: mail.EmailMessage("Hi", "Hello", None, ["ann@example.org"]).send(),
    "send_mass_mail": lambda: mail.send_mass_mail([("Hi", "Hello", None, ["ann@example.org"])]),
    "asend_mail": lambda: asyncio.run(asend_mail("Hi", "Hello", None, ["ann@example.org"], using="bulk")),
    "mailer": own,
}


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_a_mailbox_sees_each_mail_once_and_so_does_the_outbox(box: Mailbox, route: Callable[[], Any]) -> None:
    route()
    assert box.assert_sent(to="ann@example.org", subject="Hi", text="Hello").receipt
    box.assert_count(1)
    assert subjects() == ["Hi"]


def test_the_outbox_has_the_message_as_it_is(box: Mailbox) -> None:
    class Order(mail.EmailMultiAlternatives):  # type: ignore[misc]  # Django has no types
        number = 7

    message = Order("Order", "Hello", None, ["ann@example.org"], bcc=["bob@example.org"], headers={"X-Shop": "1"})
    message.attach_alternative("<a href='https://example.com/o/7'>7</a>", "text/html")
    assert message.send() == 1
    (kept,) = mail.outbox
    assert (type(kept), kept.number, kept.alternatives) == (Order, 7, message.alternatives)
    assert box.assert_sent(bcc="bob@example.org", header={"X-Shop": "1"}).link("7") == "https://example.com/o/7"


def test_faults_happen_to_djangos_mail(box: Mailbox) -> None:
    box.fail_next(ConnectFailed)
    with pytest.raises(ConnectFailed):
        send()
    assert subjects() == []
    assert len(box.failed) == 1
    assert send("Again") == 1
    assert subjects() == ["Again"]


def test_the_message_knows_what_became_of_it_and_receivers_are_told(box: Mailbox) -> None:
    heard: list[tuple[Any, Any]] = []

    def sent(message: Any, receipt: Any, **_: Any) -> None:
        heard.append((message, receipt))

    def failed(message: Any, error: Any, **_: Any) -> None:
        heard.append((message, error))

    box.fail_next(None, ConnectFailed)
    message = mail.EmailMessage("Hi", "Hello", None, ["ann@example.org"])
    with receiver_of(message_sent, sent), receiver_of(message_failed, failed):
        message.send()
        receipt = message.mailbridge_receipt
        with pytest.raises(ConnectFailed) as caught:
            message.send()
    assert receipt.accepted == ("ann@example.org",)
    assert (message.mailbridge_receipt, message.mailbridge_error) == (None, caught.value)
    assert heard == [(message, receipt), (message, caught.value)]


@contextmanager
def receiver_of(signal: Signal, receiver: Callable[..., None]) -> Iterator[None]:
    signal.connect(receiver)
    yield
    signal.disconnect(receiver)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_faults_are_counted_where_failures_are(box: Mailbox) -> None:
    box.fail_next(ConnectFailed)
    assert send(fail_silently=True) == 0
    assert send(fail_silently=True) == 1


def test_a_message_that_could_not_be_sent_is_refused_as_in_production(box: Mailbox) -> None:
    with pytest.raises(MessageInvalid, match="Invalid address"):
        mail.send_mail("Hi", "Hello", "app@example.com", ["ann"])
    box.assert_none()
    assert subjects() == []


def test_a_message_to_nobody_is_none(box: Mailbox) -> None:
    assert mail.EmailMessage("Hi", "Hello").send() == 0
    box.assert_none()


def test_what_a_thread_sends_is_seen(box: Mailbox) -> None:
    thread = threading.Thread(target=send)
    thread.start()
    box.wait_for(subject="Hi", timeout=5)
    thread.join()
    assert subjects() == ["Hi"]


def test_a_mailbox_inside_another_one_has_its_own(box: Mailbox) -> None:
    with Mailbox("inner") as inner:
        send("Inner")
    send("Outer")
    assert [each.subject for each in inner.sent] == ["Inner"]
    assert [each.subject for each in box.sent] == ["Outer"]
    assert subjects() == ["Inner", "Outer"]


def test_without_a_mailbox_django_is_as_it_was() -> None:
    before = locmem.EmailBackend.send_messages
    with Mailbox():
        assert locmem.EmailBackend.send_messages is not before
    assert locmem.EmailBackend.send_messages is before
    assert send() == 1
    assert subjects() == ["Hi"]


def test_the_mixin_sees_mail_of_a_test_case_of_djangos() -> None:
    class WelcomeTest(MailboxMixin, SimpleTestCase):  # type: ignore[misc]  # Django has no types
        def setUp(self) -> None:
            super().setUp()
            send("In setUp")

        def test_welcome(self) -> None:
            send()
            self.assertMailSent(to="ann@example.org", subject="Hi")
            self.assertMailCount(2)
            assert subjects() == ["In setUp", "Hi"]

        async def test_awaiting(self) -> None:
            await asend_mail("Ahoy", "Hello", "app@example.com", ["ann@example.org"])
            self.assertMailSent(subject="Ahoy")
            assert subjects() == ["In setUp", "Ahoy"]

    for name in ("test_welcome", "test_awaiting"):
        result = unittest.TestResult()
        WelcomeTest(name)(result)
        assert result.wasSuccessful(), [text for _, text in (*result.errors, *result.failures)]


def test_a_project_without_the_app_is_told_why_its_mail_is_not_there() -> None:
    joining.unregister("django")
    try:
        with Mailbox() as box:
            send()
            with pytest.raises(AssertionError, match=r"outbox has a mail .* 'mailbridge_django' in INSTALLED_APPS"):
                box.assert_sent(to="ann@example.org")
            send()
            with pytest.raises(AssertionError, match="outbox has 2 mails that this mailbox does not see"):
                box.assert_sent(to="ann@example.org")
    finally:
        joining.register("django", outbox)


def test_receivers_may_change_a_message_before_the_mailbox_sees_it(box: Mailbox) -> None:
    def sending(message: Any, **_: Any) -> None:
        message.subject = "Changed"

    with receiver_of(message_sending, sending):
        send()
    box.assert_sent(subject="Changed")
    assert subjects() == ["Changed"]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_what_is_wrong_with_a_message_is_raised_even_silently(box: Mailbox) -> None:
    with pytest.raises(MessageInvalid, match="Invalid address"):
        mail.send_mail("Hi", "Hello", "app@example.com", ["ann"], fail_silently=True)
    box.assert_none()


def test_a_backend_gets_a_message_to_nobody_as_without_a_mailbox(box: Mailbox) -> None:
    assert locmem.EmailBackend().send_messages([mail.EmailMessage("Hi", "Hello")]) == 1
    assert subjects() == ["Hi"]
    box.assert_none()
