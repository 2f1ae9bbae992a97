"""aiohttp's connections below httpx's interface (extra `async`): two to three times as fast as httpcore's."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from aiohttp import ClientConnectorError, ClientError, ClientSession, DummyCookieJar, TCPConnector
from httpx_aiohttp import AiohttpTransport

from mailbridge.drivers.http.engine import engine
from mailbridge.drivers.http.exchange import context_for
from mailbridge.drivers.http.pools import KEEPALIVE
from mailbridge.drivers.http.progress import progress
from mailbridge.flow.http import HttpOptions

PIECE = 1 << 16
LARGE = 1 << 20
"""Octets from which on aiohttp asks for a body in pieces, so that the event loop gets its turn."""


class AiohttpPool(AiohttpTransport):
    """All connections of an event loop to one server."""

    def __init__(self, options: HttpOptions) -> None:
        def session() -> ClientSession:  # to be made inside the event loop
            connector = _Connector(limit=0, ssl=context_for(options), keepalive_timeout=KEEPALIVE)
            return ClientSession(connector=connector, cookie_jar=DummyCookieJar(), trust_env=False)

        super().__init__(verify=context_for(options), trust_env=False, client=session)

    async def handle_async_request(self, request: Any) -> Any:
        """Exchange a request for a response; failures are those that httpcore would have."""
        try:
            return await super().handle_async_request(_in_pieces(request))
        except engine.ConnectTimeout as error:
            # Every ClientConnectionError comes as this, "server disconnected" included (httpx-aiohttp 0.2.0).
            cause = error.__cause__
            if isinstance(cause, TimeoutError):
                raise
            kind = engine.ConnectError if isinstance(cause, ClientConnectorError) else engine.RemoteProtocolError
            raise kind(str(error)) from cause
        except ClientError as error:  # not translated at all: an answer that is no HTTP
            raise engine.RemoteProtocolError(" ".join(str(error).split())) from error


class _Connector(TCPConnector):
    """Notes in our progress that a connection stands: what follows may reach the server."""

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        exchange = progress.get()
        exchange.witnessed = True
        connection = await super().connect(*args, **kwargs)
        exchange.sent = True
        return connection


def _in_pieces(request: Any) -> Any:
    content = request.read()
    if len(content) <= LARGE:
        return request

    async def pieces(body: bytes = content) -> AsyncGenerator[bytes]:
        for start in range(0, len(body), PIECE):
            yield body[start : start + PIECE]

    return engine.Request(
        request.method, request.url, headers=request.headers, content=pieces(), extensions=request.extensions
    )
