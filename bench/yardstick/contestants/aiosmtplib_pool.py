"""aiosmtplib: it has no pool, so the application keeps ten connections and a task on each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiosmtplib

from ..job import Job
from .standard_library import email_message

CONNECTIONS = 10


@asynccontextmanager
async def ten(job: Job) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    async with AsyncExitStack() as stack:
        clients = [
            aiosmtplib.SMTP(hostname=job.host, port=job.port, use_tls=False, start_tls=False)
            for _ in range(CONNECTIONS)
        ]
        for client in clients:
            await stack.enter_async_context(client)

        async def work(client: aiosmtplib.SMTP, numbers: Iterator[int]) -> None:
            for number in numbers:
                refused, _ = await client.send_message(email_message(job.payload, number))
                if refused:
                    raise AssertionError(refused)

        async def run(count: int) -> None:
            numbers = iter(range(count))  # shared: whoever is free takes the next
            await asyncio.gather(*(work(client, numbers) for client in clients))

        yield run
