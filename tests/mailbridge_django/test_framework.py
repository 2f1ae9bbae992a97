"""What Django itself mails works unchanged: errors to admins, broken links, `sendtestemail`."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any

import django
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, send_mail
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.middleware.common import BrokenLinkEmailsMiddleware
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from django.utils.log import AdminEmailHandler
from support.django_project import HAS_MAILERS, Configure, mail_settings
from support.peer import Peer

from mailbridge_django import EmailBackend, asend_mail, mailer

PEOPLE = ["root@example.org"] if django.VERSION >= (6, 0) else [("Root", "root@example.org")]


@pytest.fixture
def server(configure: Configure, peer: Callable[..., Peer]) -> Peer:
    one = peer()
    configure(dsn=f"smtp://{one.address}?tls=off")
    return one


@override_settings(ADMINS=PEOPLE)
def test_errors_are_mailed_to_admins(server: Peer) -> None:
    try:
        raise RuntimeError("it burns")
    except RuntimeError:
        record = logging.LogRecord("django", logging.ERROR, __file__, 1, "Alarm", None, sys.exc_info())
    AdminEmailHandler(include_html=True).emit(record)
    (message,) = server.messages
    assert message.recipients == ("root@example.org",)
    assert b"it burns" in message.data
    assert b"text/html" in message.data


def boom(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("it burns")


urlpatterns = [path("boom", boom)]


@override_settings(ADMINS=PEOPLE, ROOT_URLCONF=__name__)
def test_a_view_that_fails_is_mailed_to_admins_by_djangos_own_logging(server: Peer) -> None:
    assert Client(raise_request_exception=False).get("/boom").status_code == 500
    (message,) = server.messages
    assert b"Internal Server Error: /boom" in message.data


def test_a_view_that_fails_while_no_mail_can_be_sent_answers_all_the_same(
    configure: Configure, override: Callable[..., None], closed_port: Any
) -> None:
    override(ADMINS=PEOPLE, ROOT_URLCONF=__name__)
    configure(dsn=f"smtp://{closed_port}?tls=off", fail_silently=True)
    assert Client(raise_request_exception=False).get("/boom").status_code == 500


@pytest.mark.skipif(not HAS_MAILERS, reason="MAILERS came with Django 6.1")
@override_settings(ADMINS=PEOPLE, ROOT_URLCONF=__name__, MAILERS={})
def test_without_any_mailer_mail_is_disabled_and_pages_answer() -> None:
    assert Client(raise_request_exception=False).get("/boom").status_code == 500
    with pytest.raises(ImproperlyConfigured, match="default"):
        mailer()


class Branded(EmailBackend):
    """A backend of another app's, on top of ours."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.count = 0

    def send_messages(self, email_messages: Iterable[EmailMessage]) -> int:
        """Change what is sent, and count it."""
        messages = list(email_messages)
        for each in messages:
            each.subject = f"[Shop] {each.subject}"
        self.count += super().send_messages(messages)
        return self.count


def test_an_app_may_derive_a_backend_from_ours(way: str, peer: Callable[..., Peer]) -> None:
    server = peer()
    settings = mail_settings(way, {"default": {"dsn": f"smtp://{server.address}?tls=off"}})
    if way == "MAILERS":
        settings["MAILERS"]["default"]["BACKEND"] = f"{__name__}.Branded"
    else:
        settings["EMAIL_BACKEND"] = f"{__name__}.Branded"
    with override_settings(**settings):
        assert send_mail("Hi", "Hello", None, ["ann@example.org"]) == 1
        assert asyncio.run(asend_mail("Ahoy", "Hello", None, ["ann@example.org"])) == 1
    assert [b"Subject: [Shop] " in each.data for each in server.messages] == [True, True]


@override_settings(MANAGERS=PEOPLE)
def test_broken_links_are_mailed_to_managers(server: Peer) -> None:
    request = RequestFactory().get("/nowhere", headers={"referer": "http://testserver/somewhere"})
    BrokenLinkEmailsMiddleware(lambda request: HttpResponseNotFound())(request)
    (message,) = server.messages
    assert message.recipients == ("root@example.org",)
    assert b"/nowhere" in message.data


@override_settings(ADMINS=PEOPLE, MANAGERS=PEOPLE)
def test_sendtestemail_sends(server: Peer) -> None:
    call_command("sendtestemail", "ann@example.org", admins=True, managers=True)
    assert sorted(each.recipients for each in server.messages) == [
        ("ann@example.org",),
        ("root@example.org",),
        ("root@example.org",),
    ]
