"""Connections of httpx over our network: the one place that looks inside its transports.

`_pool` is not public, but it is all there is between httpx's transport, which everybody's tools mock
(respx), and httpcore's pool, whose `network_backend` is public. A test says so if it ever goes away.
"""

from __future__ import annotations

from typing import Any

from mailbridge.drivers.http.async_network import AsyncNetwork
from mailbridge.drivers.http.engine import core, engine
from mailbridge.drivers.http.exchange import context_for
from mailbridge.drivers.http.network import Network
from mailbridge.drivers.names import Resolver
from mailbridge.flow.http import HttpOptions

KEEPALIVE = 30.0
"""Seconds that an idle connection is kept: less than load balancers do, so that we close first."""


class Pool(engine.HTTPTransport):
    """The connections of threads to one server."""

    def __init__(self, options: HttpOptions, resolver: Resolver) -> None:
        super().__init__(verify=context_for(options), trust_env=False)
        self._network = Network(resolver)
        settings = _settings(options, options.connections) | {"network_backend": self._network}
        if options.proxy is None:
            self._pool = core.ConnectionPool(**settings)
        else:
            self._pool = core.HTTPProxy(**settings, **_proxy(options, options.proxy))

    def renounce(self) -> None:
        """Let go of the connections of the parent, if this process was forked off."""
        self._network.renounce()


class AsyncPool(engine.AsyncHTTPTransport):
    """One connection of an event loop; see `OneConnection`."""

    def __init__(self, options: HttpOptions, resolver: Resolver) -> None:
        super().__init__(verify=context_for(options), trust_env=False)
        settings = _settings(options, 1) | {"network_backend": AsyncNetwork(resolver, options.tls)}
        if options.proxy is None:
            pool = core.AsyncConnectionPool(**settings)
        else:
            pool = core.AsyncHTTPProxy(**settings, **_proxy(options, options.proxy))
        self._pool = OneConnection(pool)  # type: ignore[assignment]  # it has the methods that are called


class OneConnection:
    """In place of httpcore's asynchronous pool, which makes its connections and does nothing else here.

    The pool looks at each connection for each request that waits: with fifty of them it does little else
    (measured: 63 requests a second). With one of them it still takes a third of the time.
    """

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self._connection: Any = None

    async def handle_async_request(self, request: Any) -> Any:
        """Send a request over the connection, or over a new one if it is of no further use."""
        connection = self._connection
        if connection is None or connection.is_closed() or connection.has_expired() or not connection.is_available():
            await self.aclose()
            if request.url.scheme not in (b"http", b"https"):
                raise core.UnsupportedProtocol("the scheme is neither http nor https")
            connection = self._connection = self.pool.create_connection(request.url.origin)
        return await connection.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.aclose()


def _settings(options: HttpOptions, connections: int) -> dict[str, Any]:
    return {
        "ssl_context": context_for(options),
        "max_connections": connections,
        "max_keepalive_connections": connections,
        "keepalive_expiry": KEEPALIVE,
    }


def _proxy(options: HttpOptions, address: str) -> dict[str, Any]:
    proxy = engine.Proxy(address)
    url = core.URL(scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=proxy.url.raw_path)
    context = context_for(options) if proxy.url.scheme == "https" else None
    return {"proxy_url": url, "proxy_auth": proxy.raw_auth, "proxy_ssl_context": context}
