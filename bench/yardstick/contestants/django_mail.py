"""Django's mail functions, by its own SMTP backend and by mailbridge's; each keeps one connection where it can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.core import mail

from ..job import Job
from ..payloads import FILE_NAME, SENDER, SENDER_NAME, Payload, recipient, subject

Run = Callable[[int], None]


def _message(payload: Payload, number: int) -> mail.EmailMessage:
    message = mail.EmailMultiAlternatives(
        subject(number), payload.text, f"{SENDER_NAME} <{SENDER}>", [recipient(number)]
    )
    if payload.html:
        message.attach_alternative(payload.html, "text/html")
    if payload.attachment:
        message.attach(FILE_NAME, payload.attachment, "application/pdf")
    return message


def _by_django(job: Job) -> None:
    backend = "django.core.mail.backends.smtp.EmailBackend"
    if django.VERSION >= (6, 1):
        settings.configure(MAILERS={"default": {"BACKEND": backend, "OPTIONS": {"host": job.host, "port": job.port}}})
    else:
        settings.configure(EMAIL_BACKEND=backend, EMAIL_HOST=job.host, EMAIL_PORT=job.port)
    django.setup()


def _by_mailbridge(job: Job) -> None:
    backend, options = "mailbridge_django.EmailBackend", {"dsn": f"smtp://{job.host}:{job.port}?tls=off"}
    if django.VERSION >= (6, 1):
        settings.configure(MAILERS={"default": {"BACKEND": backend, "OPTIONS": options}})
    else:
        settings.configure(EMAIL_BACKEND=backend, MAILBRIDGE={"MAILERS": {"default": {"OPTIONS": options}}})
    django.setup()


def _connection() -> Any:
    return mail.mailers.default if django.VERSION >= (6, 1) else mail.get_connection()


def _sends_a_list(job: Job) -> Iterator[Run]:
    connection = _connection()
    connection.open()

    def run(count: int) -> None:
        sent = connection.send_messages([_message(job.payload, number) for number in range(count)])
        if sent != count:
            raise AssertionError(f"Django sent {sent} of {count}")

    yield run
    connection.close()


def _sends_one_by_one(job: Job) -> Iterator[Run]:
    def run(count: int) -> None:
        for number in range(count):
            if not _message(job.payload, number).send():  # what send_mail() does
                raise AssertionError("Django sent nothing")

    yield run


@contextmanager
def bulk(job: Job) -> Iterator[Run]:
    _by_django(job)
    yield from _sends_a_list(job)


@contextmanager
def one_by_one(job: Job) -> Iterator[Run]:
    _by_django(job)
    yield from _sends_one_by_one(job)


@contextmanager
def mailbridge_bulk(job: Job) -> Iterator[Run]:
    _by_mailbridge(job)
    yield from _sends_a_list(job)


@contextmanager
def mailbridge_one_by_one(job: Job) -> Iterator[Run]:
    _by_mailbridge(job)
    yield from _sends_one_by_one(job)
