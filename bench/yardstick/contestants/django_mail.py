"""Django: `send_messages` with a list, which keeps one connection for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import django
from django.conf import settings
from django.core import mail

from ..job import Job
from ..payloads import FILE_NAME, SENDER, SENDER_NAME, Payload, recipient, subject


def _message(payload: Payload, number: int) -> mail.EmailMessage:
    message = mail.EmailMultiAlternatives(
        subject(number), payload.text, f"{SENDER_NAME} <{SENDER}>", [recipient(number)]
    )
    if payload.html:
        message.attach_alternative(payload.html, "text/html")
    if payload.attachment:
        message.attach(FILE_NAME, payload.attachment, "application/pdf")
    return message


@contextmanager
def bulk(job: Job) -> Iterator[Callable[[int], None]]:
    settings.configure(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST=job.host, EMAIL_PORT=job.port
    )
    django.setup()
    connection = mail.get_connection()
    connection.open()

    def run(count: int) -> None:
        sent = connection.send_messages([_message(job.payload, number) for number in range(count)])
        if sent != count:
            raise AssertionError(f"Django sent {sent} of {count}")

    yield run
    connection.close()
