"""django-anymail, by SendGrid, Brevo and Mailgun: one by one, and as a list, which shares a requests session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import django
from django.conf import settings
from django.core import mail

from ..job import Job
from .django_mail import _message

Run = Callable[[int], None]


def _connection(provider: str, job: Job) -> Any:
    name = provider.upper()
    settings.configure(
        EMAIL_BACKEND=f"anymail.backends.{provider}.EmailBackend",
        ANYMAIL={
            f"{name}_API_KEY": "SG.key",
            f"{name}_API_URL": f"http://{job.host}:{job.port}/v3/",
            "MAILGUN_SENDER_DOMAIN": "mg.example.com",
        },
        INSTALLED_APPS=["anymail"],
    )
    django.setup()
    connection = mail.get_connection()
    connection.open()  # keeps one session for all
    return connection


@contextmanager
def _one_by_one(provider: str, job: Job) -> Iterator[Run]:
    connection = _connection(provider, job)

    def run(count: int) -> None:
        for number in range(count):
            if connection.send_messages([_message(job.payload, number)]) != 1:
                raise AssertionError(number)

    yield run
    connection.close()


@contextmanager
def _list(provider: str, job: Job) -> Iterator[Run]:
    connection = _connection(provider, job)

    def run(count: int) -> None:
        sent = connection.send_messages([_message(job.payload, number) for number in range(count)])
        if sent != count:
            raise AssertionError(f"{sent} of {count}")

    yield run
    connection.close()


def sendgrid(job: Job) -> AbstractContextManager[Run]:
    return _one_by_one("sendgrid", job)


def sendgrid_list(job: Job) -> AbstractContextManager[Run]:
    return _list("sendgrid", job)


def brevo(job: Job) -> AbstractContextManager[Run]:
    return _one_by_one("brevo", job)


def brevo_list(job: Job) -> AbstractContextManager[Run]:
    return _list("brevo", job)


def mailgun(job: Job) -> AbstractContextManager[Run]:
    return _one_by_one("mailgun", job)


def mailgun_list(job: Job) -> AbstractContextManager[Run]:
    return _list("mailgun", job)
