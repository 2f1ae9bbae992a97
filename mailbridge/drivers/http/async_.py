"""HTTP for one event loop: a row of connections, each a pool of its own, or aiohttp's where it is installed."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from typing import Any
from urllib.parse import urlsplit

from mailbridge.drivers.http.engine import engine
from mailbridge.drivers.http.exchange import Body, context_for, explained, lost, prepared
from mailbridge.drivers.http.pools import AsyncPool
from mailbridge.drivers.names import Resolver, resolve
from mailbridge.errors import TimedOut
from mailbridge.flow.http import Http, HttpOptions, HttpResponse


class AsyncHttp:
    """Exchanges requests for responses, for any number of tasks of one event loop."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._rows: dict[Any, Row] = {}
        self._process = os.getpid()

    async def exchange(self, op: Http) -> HttpResponse:
        """Perform one exchange. Raises what `Http` says; cancelling closes the connection."""
        row = self._row(op)
        connection = await row.take()
        whole = False
        try:
            response = await self._bounded(connection, op)
            whole = response.complete
            return response
        finally:
            row.give(connection, whole=whole)

    async def close(self) -> None:
        """Close every connection; not those of the process that this one was forked off."""
        rows, self._rows = self._rows, {}
        if self._process == os.getpid():
            for row in rows.values():
                await row.close()

    async def _bounded(self, connection: Any, op: Http) -> HttpResponse:
        body: list[Body] = []
        try:
            async with asyncio.timeout(op.options.total):
                return await _exchanged(connection, op, body)
        except TimeoutError as error:
            if isinstance(error, TimedOut):
                raise
            if body:  # the status is known, so it is known what the silence means
                return body[0].response()
            raise lost(None, urlsplit(op.request.url).hostname or "", op.options) from error

    def _row(self, op: Http) -> Row:
        if self._process != os.getpid():
            self._process = os.getpid()
            self._rows = {}
        url = urlsplit(op.request.url)
        key = (op.options.key, url.scheme, url.netloc)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = Row(op.options, self._resolver)
        return row


class Row:
    """At most so many connections to one server; who finds none waits in line."""

    def __init__(self, options: HttpOptions, resolver: Resolver) -> None:
        self._options = options
        self._resolver = resolver
        self._shared = _aiohttp(options) if resolver is resolve else None
        self._idle: list[Any] = []
        self._made = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closing: set[asyncio.Task[None]] = set()

    async def take(self) -> Any:
        """Return a connection for one exchange. Raises TimedOut when none becomes free in time."""
        again = False
        while self._made >= self._options.connections and not self._idle:
            await self._turn(first=again)
            again = True  # somebody who never waited was quicker; it shall not cost the place in the line
        if self._shared is not None:
            self._made += 1
            return self._shared
        if self._idle:
            return self._idle.pop()
        self._made += 1
        return AsyncPool(self._options, self._resolver)

    def give(self, connection: Any, *, whole: bool) -> None:
        """Take a connection back; one whose exchange did not come to its end is closed."""
        if self._shared is not None:
            self._made -= 1
        elif whole:
            self._idle.append(connection)
        else:
            self._made -= 1
            task = asyncio.get_running_loop().create_task(connection.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                break

    async def close(self) -> None:
        """Close the connections."""
        for connection in [*self._idle, *([self._shared] if self._shared is not None else [])]:
            await connection.aclose()
        if self._closing:
            await asyncio.wait(self._closing)

    async def _turn(self, *, first: bool) -> None:
        options = self._options
        turn = asyncio.get_running_loop().create_future()
        (self._waiting.appendleft if first else self._waiting.append)(turn)
        try:
            async with asyncio.timeout(options.pool):
                await turn
        except TimeoutError:
            raise TimedOut(
                f"All {options.connections} connections stayed in use for {options.pool:g} s.",
                phase="connect",
                hints=["Allow more with `connections`, or send fewer messages at once."],
            ) from None


async def _exchanged(connection: Any, op: Http, bodies: list[Body]) -> HttpResponse:
    try:
        response = await connection.handle_async_request(prepared(op.request, op.options))
    except (engine.HTTPError, engine.InvalidURL) as error:
        raise explained(error, op) from error
    body = Body(response)
    bodies.append(body)
    try:
        async for chunk in response.stream:
            if not body.add(chunk):
                break
        else:
            body.ended()
    except engine.HTTPError:
        pass  # what has come is returned as incomplete, for whether it was accepted depends on the status
    finally:
        await response.stream.aclose()
    return body.response()


def _aiohttp(options: HttpOptions) -> Any:
    """Return aiohttp's engine below httpx's interface (extra `async`), or None where it is not installed."""
    try:
        from aiohttp import ClientSession, DummyCookieJar, TCPConnector
        from httpx_aiohttp import AiohttpTransport
    except ImportError:
        return None

    def session() -> Any:
        connector = TCPConnector(limit=options.connections, ssl=context_for(options), keepalive_timeout=30.0)
        return ClientSession(connector=connector, cookie_jar=DummyCookieJar(), trust_env=False)

    proxy = engine.Proxy(options.proxy) if options.proxy is not None else None
    return AiohttpTransport(verify=context_for(options), trust_env=False, client=session, proxy=proxy)
