"""Amazon SES by its API, version 2: mailbridge, boto3 and django-anymail, each with the keys given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..job import Job
from ..payloads import FILE_NAME, SENDER, SENDER_NAME, Payload, recipient, subject

REGION, KEY, SECRET = "us-east-1", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00"


def _url(job: Job) -> str:
    return f"http://{job.host}:{job.port}"


@contextmanager
def mailbridge(job: Job) -> Iterator[Callable[[int], None]]:
    """`Mailer.send` in a loop."""
    from mailbridge import Mailer

    from .mailbridge_mailer import _check, _message

    with Mailer(f"ses://{KEY}:{SECRET}@{REGION}?base_url={_url(job)}") as mailer:

        def run(count: int) -> None:
            for number in range(count):
                _check(mailer.send(_message(job.payload, number)), number)

        yield run


@contextmanager
def boto3_simple(job: Job) -> Iterator[Callable[[int], None]]:
    """boto3's `send_email` with the content as fields, the least that can be asked of it."""
    client = _client(job)

    def run(count: int) -> None:
        for number in range(count):
            answer = client.send_email(
                FromEmailAddress=f"{SENDER_NAME} <{SENDER}>",
                Destination={"ToAddresses": [recipient(number)]},
                Content={"Simple": _simple(job.payload, number)},
            )
            if not answer["MessageId"]:
                raise AssertionError(f"message {number}: {answer}")

    yield run


def _client(job: Job) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "sesv2",
        region_name=REGION,
        endpoint_url=_url(job),
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=Config(retries={"max_attempts": 1}),
    )


def _simple(payload: Payload, number: int) -> dict[str, Any]:
    body = {"Text": {"Data": payload.text, "Charset": "UTF-8"}}
    if payload.html:
        body["Html"] = {"Data": payload.html, "Charset": "UTF-8"}
    content: dict[str, Any] = {"Subject": {"Data": subject(number), "Charset": "UTF-8"}, "Body": body}
    if payload.attachment:
        content["Attachments"] = [{"FileName": FILE_NAME, "RawContent": payload.attachment}]
    return content


@contextmanager
def anymail(job: Job) -> Iterator[Callable[[int], None]]:
    """django-anymail's backend with a list, one client for all of it."""
    import django
    from django.conf import settings
    from django.core import mail

    from .django_mail import _message

    client = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": REGION}
    settings.configure(
        EMAIL_BACKEND="anymail.backends.amazon_ses.EmailBackend",
        ANYMAIL={"AMAZON_SES_CLIENT_PARAMS": client | {"endpoint_url": _url(job)}},
        INSTALLED_APPS=["anymail"],
    )
    django.setup()
    connection = mail.get_connection()
    connection.open()

    def run(count: int) -> None:
        sent = connection.send_messages([_message(job.payload, number) for number in range(count)])
        if sent != count:
            raise AssertionError(f"django-anymail sent {sent} of {count}")

    yield run
    connection.close()
