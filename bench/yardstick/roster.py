"""The contestants by name, and how each is started."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .environment import Environment
from .job import Job
from .payloads import SENDER


class Contestant(NamedTuple):
    """One way of sending mail.

    `python` is the `module:context_manager` that does it, `command` makes a command line out of the
    environment, a job, the count and the path of the payload as JSON. `warm_up` messages are sent before the clock
    starts; `at_most` bounds a run of a contestant that keeps all its messages in memory. `before` is
    how many messages the set-up itself sends. `newest_django` runs it in the environment that has that.
    """

    name: str
    about: str
    python: str = ""
    command: Callable[[Environment, Job, int, str], list[str]] | None = None
    times_itself: bool = False
    newest_django: bool = False
    warm_up: int = 50
    at_most: int = 400_000
    before: int = 0


def _smtp_source(sessions: int) -> Contestant:
    def command(environment: Environment, job: Job, count: int, _: str) -> list[str]:
        return [
            str(environment.tool("smtp-source")),
            "-d",  # keep the connections
            *("-s", str(sessions)),
            *("-l", str(job.payload.wire_size)),
            *("-m", str(count)),
            *("-f", SENDER),
            *("-t", "user@example.net"),
            f"{job.host}:{job.port}",
        ]

    about = f"Postfix's load generator in C, connections kept: {sessions}. One message, again and again"
    return Contestant(f"smtp-source-{sessions}", about, command=command, warm_up=0)


def _nodemailer(connections: int) -> Contestant:
    def command(environment: Environment, job: Job, count: int, payload: str) -> list[str]:
        script = str(environment.bench / "native/nodemailer.js")
        return ["node", script, str(environment.node_modules), str(job.port), str(count), str(connections), payload]

    return Contestant(
        f"nodemailer-{connections}",
        f"Nodemailer's pool of {connections} connections, twice as many sendMail() under way",
        command=command,
        times_itself=True,
        warm_up=1_000,  # V8 compiles what is hot, late
    )


def _by_http(provider: str) -> list[Contestant]:
    return [
        Contestant(f"anymail-{provider}", "django-anymail, send() in a loop", python=f"django_anymail:{provider}"),
        Contestant(
            f"anymail-list-{provider}",
            "django-anymail, send_messages with a list",
            python=f"django_anymail:{provider}_list",
            at_most=20_000,
        ),
        Contestant(f"mailbridge-{provider}", "Mailer.send in a loop", python=f"mailbridge_http:{provider}"),
        Contestant(f"mailbridge-list-{provider}", "Mailer.send_many", python=f"mailbridge_http:{provider}_list"),
    ]


def _by_django(name: str, said: str, *, newest_django: bool = False) -> list[Contestant]:
    rows = (
        ("", "send_messages, one connection", "bulk", 20_000),
        ("-send", "send() in a loop", "one_by_one", 400_000),
    )
    return [
        Contestant(
            f"{before}{name}{after}",
            f"{said} {about}{by}",
            python=f"django_mail:{prefix}{what}",
            at_most=at_most,
            newest_django=newest_django,
        )
        for after, about, what, at_most in rows
        for before, by, prefix in (("", "", ""), ("mailbridge-", ", by mailbridge", "mailbridge_"))
    ]


CONTESTANTS: dict[str, Contestant] = {
    contestant.name: contestant
    for contestant in (
        _smtp_source(1),
        _smtp_source(10),
        Contestant(
            "socket", "the octets made beforehand, a bare socket, two round trips", python="bare_socket:one_by_one"
        ),
        Contestant("socket-pipelined", "the same with one round trip", python="bare_socket:pipelined"),
        Contestant("smtplib", "EmailMessage, one smtplib connection kept", python="standard_library:kept"),
        *_by_django("django", "Django's"),
        *_by_django("newest-django", "the newest Django's", newest_django=True),
        Contestant("aiosmtplib-10", "ten aiosmtplib connections kept, a task each", python="aiosmtplib_pool:ten"),
        _nodemailer(20),
        Contestant("mailbridge-send", "Mailer.send in a loop", python="mailbridge_mailer:one_by_one"),
        Contestant("mailbridge-send_many", "Mailer.send_many, one connection", python="mailbridge_mailer:many"),
        Contestant(
            "mailbridge-chunking",
            "Mailer.send_many, one connection, the server offers CHUNKING",
            python="mailbridge_mailer:many",
        ),
        Contestant(
            "mailbridge-asend_many-10",
            "Mailer.asend_many, ten connections",
            python="mailbridge_mailer:many_async",
        ),
        Contestant(
            "mailbridge-asend-10",
            "Mailer.asend from 20 tasks, ten connections",
            python="mailbridge_mailer:tasks",
        ),
        Contestant(
            "mailbridge-generator",
            "Mailer.send_many over a generator",
            python="mailbridge_mailer:generator",
            warm_up=0,
            before=1,
        ),
        Contestant(
            "mailbridge-agenerator",
            "Mailer.asend_many over a generator, ten connections",
            python="mailbridge_mailer:generator_async",
            warm_up=0,
            before=1,
        ),
        Contestant(
            "mailbridge-25MB",
            "Mailer.send with an attachment of 25 MB",
            python="mailbridge_mailer:large_attachment",
            warm_up=0,
            before=1,
        ),
        Contestant("httpx", "a bare httpx.Client, SendGrid's request from a dict", python="http_clients:httpx_client"),
        Contestant(
            "httpx-100", "a bare httpx.AsyncClient, 100 calls under way", python="http_clients:httpx_async_client"
        ),
        Contestant("aiohttp-100", "a bare aiohttp session, 100 calls under way", python="http_clients:aiohttp_session"),
        *(each for provider in ("sendgrid", "brevo", "mailgun") for each in _by_http(provider)),
        Contestant(
            "mailbridge-merge",
            "Mailer.send of one message with merge_data for all, by SendGrid",
            python="mailbridge_http:merged",
        ),
        Contestant(
            "mailbridge-http-100",
            "Mailer.asend by SendGrid, 100 under way, without the extra `async`",
            python="mailbridge_http:hundred",
        ),
        Contestant("mailbridge-aiohttp-100", "the same with the extra", python="mailbridge_http:hundred_by_aiohttp"),
        Contestant("mailbridge-ses", "Mailer.send in a loop", python="amazon_ses:mailbridge"),
        Contestant("boto3-ses", "boto3's send_email in a loop", python="amazon_ses:boto3_simple"),
        Contestant("anymail-ses", "django-anymail's send_messages with a list", python="amazon_ses:anymail"),
    )
}
