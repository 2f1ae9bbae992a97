"""The baseline: `EmailMessage` and `smtplib`, as the Python documentation shows them, with the connection kept."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage

from ..job import Job
from ..payloads import FILE_NAME, SENDER, SENDER_NAME, Payload, recipient, subject


def email_message(payload: Payload, number: int) -> EmailMessage:
    """Build message `number` as an application does with the standard library."""
    message = EmailMessage()
    message["From"] = f"{SENDER_NAME} <{SENDER}>"
    message["To"] = recipient(number)
    message["Subject"] = subject(number)
    message.set_content(payload.text)
    if payload.html:
        message.add_alternative(payload.html, subtype="html")
    if payload.attachment:
        message.add_attachment(payload.attachment, maintype="application", subtype="pdf", filename=FILE_NAME)
    return message


@contextmanager
def kept(job: Job) -> Iterator[Callable[[int], None]]:
    with smtplib.SMTP(job.host, job.port) as connection:

        def run(count: int) -> None:
            for number in range(count):
                refused = connection.send_message(email_message(job.payload, number))
                if refused:
                    raise AssertionError(refused)

        yield run
