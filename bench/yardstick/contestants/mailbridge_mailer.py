"""mailbridge, in each of the ways it can be asked to send. Every receipt is looked at."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from mailbridge import Attachment, Mailer, Message

from ..job import Job
from ..payloads import FILE_NAME, SENDER, SENDER_NAME, Payload, recipient, subject

CONNECTIONS = 10
TASKS = 20
MEGABYTES = 25


def _message(payload: Payload, number: int) -> Message:
    attachments = [Attachment(payload.attachment, FILE_NAME, "application/pdf")] if payload.attachment else []
    return Message(
        from_=f"{SENDER_NAME} <{SENDER}>",
        to=[recipient(number)],
        subject=subject(number),
        text=payload.text,
        html=payload.html,
        attachments=attachments,
    )


def _messages(payload: Payload, count: int) -> Iterator[Message]:
    return (_message(payload, number) for number in range(count))


def _check(outcome: object, number: int) -> None:
    """Fail unless the outcome is a receipt that says that the server accepted message `number`."""
    if getattr(outcome, "accepted", ()) != (recipient(number),):
        raise AssertionError(f"message {number}: {outcome!r}")


def _check_all(outcomes: int, count: int) -> None:
    if outcomes != count:
        raise AssertionError(f"{outcomes} outcomes for {count} messages")


def _dsn(job: Job, options: str = "") -> str:
    return f"smtp://{job.host}:{job.port}?tls=off{options}"


@contextmanager
def one_by_one(job: Job) -> Iterator[Callable[[int], None]]:
    with Mailer(_dsn(job)) as mailer:

        def run(count: int) -> None:
            for number in range(count):
                _check(mailer.send(_message(job.payload, number)), number)

        yield run


@contextmanager
def many(job: Job) -> Iterator[Callable[[int], None]]:
    with Mailer(_dsn(job)) as mailer:

        def run(count: int) -> None:
            outcomes = 0
            for outcome in mailer.send_many(_messages(job.payload, count)):
                _check(outcome, outcomes)
                outcomes += 1
            _check_all(outcomes, count)

        yield run


@asynccontextmanager
async def many_async(job: Job) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    async with Mailer(_dsn(job, f"&connections={CONNECTIONS}")) as mailer:

        async def run(count: int) -> None:
            outcomes = 0
            async for outcome in mailer.asend_many(_messages(job.payload, count)):
                _check(outcome, outcomes)
                outcomes += 1
            _check_all(outcomes, count)

        yield run


@asynccontextmanager
async def tasks(job: Job) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    async with Mailer(_dsn(job, f"&connections={CONNECTIONS}")) as mailer:

        async def work(numbers: Iterator[int]) -> None:
            for number in numbers:
                _check(await mailer.asend(_message(job.payload, number)), number)

        async def run(count: int) -> None:
            numbers = iter(range(count))
            await asyncio.gather(*(work(numbers) for _ in range(TASKS)))

        yield run


# ---- memory: what is loaded on first use is loaded by one small message beforehand


@contextmanager
def generator(job: Job) -> Iterator[Callable[[int], None]]:
    with many(job) as run:
        run(1)
        yield run


@asynccontextmanager
async def generator_async(job: Job) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    async with many_async(job) as run:
        await run(1)
        yield run


@contextmanager
def large_attachment(job: Job) -> Iterator[Callable[[int], None]]:
    with Mailer(_dsn(job)) as mailer:
        _check(mailer.send(_message(job.payload, 0)), 0)

        def run(count: int) -> None:
            for number in range(count):
                content = os.urandom(MEGABYTES * 1_000_000)
                payload = job.payload._replace(attachment=content)
                _check(mailer.send(_message(payload, number)), number)

        yield run
