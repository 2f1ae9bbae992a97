"""HTTP for one event loop: a row of connections, each a pool of its own, or aiohttp's where it is installed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from mailbridge.drivers.http.body import Body
from mailbridge.drivers.http.exchange import FAILURES, busy, explained, host_of, prepared
from mailbridge.drivers.http.pools import AsyncPool
from mailbridge.drivers.http.progress import Progress, progress
from mailbridge.drivers.names import Resolver, resolve
from mailbridge.errors import MailError
from mailbridge.flow.http import Http, HttpOptions, HttpResponse


class AsyncHttp:
    """Exchanges requests for responses, for any number of tasks of one event loop.

    Args:
        resolver: finds the addresses of a host.
        aiohttp: whether aiohttp's engine may be used where it is installed. A proxy, or a resolver of the
            mailer's own, is httpcore's in any case.
    """

    def __init__(self, resolver: Resolver, *, aiohttp: bool = True) -> None:
        self._resolver = resolver
        self._aiohttp = aiohttp and resolver is resolve
        self._rows: dict[Any, Row] = {}
        self._process = os.getpid()

    async def exchange(self, op: Http) -> HttpResponse:
        """Perform one exchange. Raises what `Http` says; cancelling closes the connection."""
        exchange = Progress(op.options.total)
        progress.set(exchange)
        async with self._row(op).connection(host_of(op.request)) as connection:
            answer = await _answer(connection.transport, op, exchange)
            connection.whole = isinstance(answer, HttpResponse) and answer.complete
        if isinstance(answer, MailError):
            raise answer
        return answer

    async def close(self) -> None:
        """Close every connection; not those of the process that this one was forked off."""
        rows, self._rows = self._rows, {}
        if self._process == os.getpid():
            for row in rows.values():
                await row.close()

    def _row(self, op: Http) -> Row:
        if self._process != os.getpid():
            self._process = os.getpid()
            self._rows = {}
        url = urlsplit(op.request.url)
        key = (op.options.key, url.scheme, url.netloc)
        row = self._rows.get(key)
        if row is None:
            shared = _aiohttp_pool(op.options) if self._aiohttp and op.options.proxy is None else None
            row = self._rows[key] = Row(op.options, self._resolver, shared)
        return row


class Connection:
    """A connection on loan; `whole` once its exchange came to its end, so that it can serve another."""

    __slots__ = ("transport", "whole")

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.whole = False


class Row:
    """At most so many connections to one server; who finds none waits in line.

    Args:
        shared: aiohttp's pool, which keeps the connections itself.
    """

    def __init__(self, options: HttpOptions, resolver: Resolver, shared: Any = None) -> None:
        self._options = options
        self._resolver = resolver
        self._shared = shared
        self._free = asyncio.Semaphore(options.connections)
        self._idle: list[Any] = []
        self._closed = False

    @asynccontextmanager
    async def connection(self, host: str) -> AsyncGenerator[Connection]:
        """Lend a connection for one exchange. Raises TimedOut when none becomes free in time."""
        await self._turn(host)
        connection: Connection | None = None
        try:
            connection = Connection(self._shared or (self._idle.pop() if self._idle else self._made()))
            yield connection
        finally:
            self._free.release()
            if connection is not None and self._shared is None:
                if connection.whole and not self._closed:
                    self._idle.append(connection.transport)
                else:
                    await connection.transport.aclose()

    async def close(self) -> None:
        """Close the connections, those on loan when they come back."""
        self._closed = True
        idle, self._idle = self._idle, []
        for transport in [*idle, *([self._shared] if self._shared is not None else [])]:
            await transport.aclose()

    def _made(self) -> AsyncPool:
        return AsyncPool(self._options, self._resolver)

    async def _turn(self, host: str) -> None:
        try:
            async with asyncio.timeout(self._options.pool if self._free.locked() else None):
                await self._free.acquire()
        except TimeoutError:
            raise busy(self._options, host) from None


async def _answer(transport: Any, op: Http, exchange: Progress) -> HttpResponse | MailError:
    """Return the response or the error; raised here it would hold httpx's frames, with request and key."""
    body: Body | None = None
    try:
        async with asyncio.timeout(op.options.total):
            response = await transport.handle_async_request(prepared(op.request, op.options))
            body = Body(response)
            try:
                async for chunk in response.stream:
                    if not body.add(chunk):
                        break
                else:
                    body.ended()
            finally:
                await response.stream.aclose()
    except MailError as error:
        return error.with_traceback(None)
    except FAILURES as error:
        if body is None:
            return explained(error, op, exchange)
    return body.response()  # also incomplete: whether the message was accepted depends on the status


def _aiohttp_pool(options: HttpOptions) -> Any:
    try:
        from mailbridge.drivers.http.aiohttp_engine import AiohttpPool
    except ImportError:
        return None
    return AiohttpPool(options)
