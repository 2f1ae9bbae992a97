"""mailbridge by the APIs of providers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager

from mailbridge import Mailer, Message
from mailbridge.drivers.names import resolve

from ..job import Job
from ..payloads import SENDER, SENDER_NAME, recipient, subject
from .http_clients import UNDER_WAY, spread
from .mailbridge_mailer import _check, _check_all, _message, _messages

KEYS = {"sendgrid": "SG.key", "brevo": "xkeysib-key", "mailgun": "key"}
MERGE = 10_000  # recipients of one message
Run = Callable[[int], None]


def _dsn(provider: str, job: Job, options: str = "") -> str:
    host = "mg.example.com" if provider == "mailgun" else "default"
    return f"{provider}://{KEYS[provider]}@{host}?base_url=http://{job.host}:{job.port}{_path(provider)}{options}"


def _path(provider: str) -> str:
    return "/v3" if provider in ("brevo", "mailgun") else ""


@contextmanager
def _one_by_one(provider: str, job: Job) -> Iterator[Run]:
    with Mailer(_dsn(provider, job)) as mailer:

        def run(count: int) -> None:
            for number in range(count):
                _check(mailer.send(_message(job.payload, number)), number)

        yield run


@contextmanager
def _list(provider: str, job: Job) -> Iterator[Run]:
    with Mailer(_dsn(provider, job)) as mailer:

        def run(count: int) -> None:
            sent = 0
            for sent, outcome in enumerate(mailer.send_many(_messages(job.payload, count)), start=1):
                _check(outcome, sent - 1)
            _check_all(sent, count)

        yield run


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


@contextmanager
def merged(job: Job) -> Iterator[Run]:
    """Messages to 10,000 recipients each, everybody with his own data."""
    with Mailer(_dsn("sendgrid", job)) as mailer:

        def run(count: int) -> None:
            for first in range(0, count, MERGE):
                numbers = range(first, min(first + MERGE, count))
                message = Message(
                    from_=f"{SENDER_NAME} <{SENDER}>",
                    to=[recipient(number) for number in numbers],
                    subject="Order confirmed",
                    text=job.payload.text,
                    merge_data={recipient(number): {"order": subject(number)} for number in numbers},
                )
                _check_all(len(mailer.send(message).accepted), len(numbers))

        yield run


@asynccontextmanager
async def hundred(job: Job) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Without the extra: with a resolver of the mailer's own, aiohttp is not used."""
    async with _mailer(job, resolver=lambda host, port: resolve(host, port)) as one:
        yield lambda count: spread(one, count)


@asynccontextmanager
async def hundred_by_aiohttp(job: Job) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    async with _mailer(job) as one:
        yield lambda count: spread(one, count)


@asynccontextmanager
async def _mailer(job: Job, **options: object) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    async with Mailer(_dsn("sendgrid", job, f"&connections={UNDER_WAY}"), **options) as mailer:  # type: ignore[arg-type]

        async def one(number: int) -> None:
            _check(await mailer.asend(_message(job.payload, number)), number)

        yield one
