"""What Django itself mails works unchanged: errors to admins, broken links, `sendtestemail`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import django
import pytest
from django.core.management import call_command
from django.http import HttpResponseNotFound
from django.middleware.common import BrokenLinkEmailsMiddleware
from django.test import RequestFactory, override_settings
from django.utils.log import AdminEmailHandler
from support.django_project import Configure
from support.peer import Peer

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
