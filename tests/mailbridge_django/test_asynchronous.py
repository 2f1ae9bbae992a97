"""Django's mail functions, awaiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import django
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.test import override_settings
from support.django_project import Configure
from support.peer import Peer, reply

import mailbridge_django
from mailbridge import RecipientRefused
from mailbridge_django import amail_admins, amail_managers, asend_mail, asend_mass_mail, asend_messages, mailer

PEOPLE = ["root@example.org"] if django.VERSION >= (6, 0) else [("Root", "root@example.org")]


@pytest.fixture
def smtp(configure: Configure, peer: Callable[..., Peer]) -> Callable[..., Peer]:
    def start(*arguments: Any, **options: Any) -> Peer:
        one = peer(*arguments, **options)
        configure({"bulk": {"dsn": "null://"}}, dsn=f"smtp://{one.address}?tls=off")
        return one

    return start


def test_asend_mail_sends(smtp: Callable[..., Peer]) -> None:
    server = smtp()
    sent = asyncio.run(asend_mail("Hi", "Hello", None, ["ann@example.org"], html_message="<b>Hello</b>"))
    assert sent == 1
    (message,) = server.messages
    assert message.sender == "app@example.com"
    assert b"<b>Hello</b>" in message.data


def test_asend_mail_to_nobody_is_nothing(smtp: Callable[..., Peer]) -> None:
    server = smtp()
    assert asyncio.run(asend_mail("Hi", "Hello", None, [])) == 0
    assert server.connections == 0


def test_asend_mail_raises_what_the_server_says(smtp: Callable[..., Peer]) -> None:
    smtp({"RCPT": reply("550 5.1.1 no such user")})
    with pytest.raises(RecipientRefused):
        asyncio.run(asend_mail("Hi", "Hello", None, ["ann@example.org"]))


def test_asend_mass_mail_counts(smtp: Callable[..., Peer]) -> None:
    server = smtp()
    rows = [("Hi", "Hello", None, [f"ann{number}@example.org"]) for number in range(4)]
    assert asyncio.run(asend_mass_mail(rows)) == 4
    assert len(server.messages) == 4


@pytest.mark.parametrize("send", [amail_admins, amail_managers])
def test_admins_and_managers_are_written_to(smtp: Callable[..., Peer], send: Callable[..., Any]) -> None:
    server = smtp()
    with override_settings(ADMINS=PEOPLE, MANAGERS=PEOPLE):
        assert asyncio.run(send("Alarm", "It burns")) == 1
    assert server.messages[0].recipients == ("root@example.org",)
    assert b"Subject: [Django] Alarm" in server.messages[0].data


def test_using_names_a_mailer(smtp: Callable[..., Peer]) -> None:
    server = smtp()
    message = EmailMessage("Hi", "Hello", None, ["ann@example.org"])
    assert asyncio.run(asend_messages([message], using="bulk")) == 1
    assert message.mailbridge_receipt.provider == "null"
    assert server.connections == 0
    with pytest.raises(ImproperlyConfigured):
        asyncio.run(asend_messages([message], using="nobody"))


def test_a_mailer_held_open_keeps_its_connection(smtp: Callable[..., Peer]) -> None:
    server = smtp()

    async def work() -> None:
        async with mailer():
            for _ in range(3):
                await asend_mail("Hi", "Hello", None, ["ann@example.org"])

    asyncio.run(work())
    assert (len(server.messages), server.connections) == (3, 1)


def test_every_public_name_can_be_had() -> None:
    for name in mailbridge_django.__all__:
        assert getattr(mailbridge_django, name).__name__ == name
        assert name in dir(mailbridge_django)
    assert mailbridge_django.__all__ == sorted(mailbridge_django.__all__)
    with pytest.raises(AttributeError, match="no attribute"):
        _ = mailbridge_django.nothing


def test_after_a_failure_nothing_further_is_begun(smtp: Callable[..., Peer]) -> None:
    smtp({"RCPT": reply("550 5.1.1 no such user")})
    begun: list[str] = []

    def messages() -> Iterator[EmailMessage]:
        for number in range(500):
            begun.append(f"ann{number}@example.org")
            yield EmailMessage("Hi", "Hello", None, [begun[-1]])

    with pytest.raises(RecipientRefused, match="ann0@"):
        asyncio.run(asend_messages(messages()))
    assert len(begun) < 500


def test_of_several_failures_the_first_is_raised(smtp: Callable[..., Peer]) -> None:
    smtp({"RCPT": reply("550 5.1.1 no such user")})
    names = [f"ann{number}@example.org" for number in range(20)]
    with pytest.raises(RecipientRefused, match="ann0@"):
        asyncio.run(asend_messages([EmailMessage("Hi", "Hello", None, [each]) for each in names]))
