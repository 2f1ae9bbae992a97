"""HTTP clients with nothing above them: SendGrid's request from a dict, one call a message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from ..job import Job
from ..payloads import SENDER, SENDER_NAME, Payload, recipient, subject

UNDER_WAY = 100
_HEADERS = {"Authorization": "Bearer SG.key"}


def _url(job: Job) -> str:
    return f"http://{job.host}:{job.port}/v3/mail/send"


def _request(payload: Payload, number: int) -> dict[str, Any]:
    return {
        "personalizations": [{"to": [{"email": recipient(number)}], "subject": subject(number)}],
        "from": {"email": SENDER, "name": SENDER_NAME},
        "content": [{"type": "text/plain", "value": payload.text}],
    }


def _check(status: int) -> None:
    if status != 202:
        raise AssertionError(status)


@contextmanager
def httpx_client(job: Job) -> Iterator[Callable[[int], None]]:
    import httpx

    with httpx.Client(headers=_HEADERS) as client:

        def run(count: int) -> None:
            for number in range(count):
                _check(client.post(_url(job), json=_request(job.payload, number)).status_code)

        yield run


@asynccontextmanager
async def httpx_async_client(job: Job) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    import httpx

    limits = httpx.Limits(max_connections=UNDER_WAY, max_keepalive_connections=UNDER_WAY)
    async with httpx.AsyncClient(headers=_HEADERS, limits=limits, timeout=60) as client:

        async def one(number: int) -> None:
            _check((await client.post(_url(job), json=_request(job.payload, number))).status_code)

        yield lambda count: spread(one, count)


@asynccontextmanager
async def aiohttp_session(job: Job) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    import aiohttp

    connector = aiohttp.TCPConnector(limit=UNDER_WAY)
    async with aiohttp.ClientSession(headers=_HEADERS, connector=connector) as session:

        async def one(number: int) -> None:
            async with session.post(_url(job), json=_request(job.payload, number)) as response:
                await response.read()
                _check(response.status)

        yield lambda count: spread(one, count)


async def spread(one: Callable[[int], Awaitable[None]], count: int) -> None:
    """Do `count` things, 100 of them at a time."""
    numbers = iter(range(count))  # shared: whoever is free takes the next

    async def work() -> None:
        for number in numbers:
            await one(number)

    await asyncio.gather(*(work() for _ in range(UNDER_WAY)))
