"""The network below httpx: names by the mailer's resolver, and for threads a deadline over all reads and writes.

httpx knows a timeout for each read, so a server that sends one octet now and then could hold a thread
for hours. Under asyncio the deadline is the driver's; a thread cannot be interrupted, so here every read
and write asks how much time is left.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

from mailbridge.drivers.http.engine import core
from mailbridge.drivers.names import Resolver, is_literal, name_error, resolve, resolve_within

deadline: ContextVar[float] = ContextVar("mailbridge_http_deadline", default=float("inf"))
"""The end of the exchange that this thread is in, by the monotonic clock."""

_SHORTEST = 0.001  # seconds; 0 would mean "do not wait", and something else to the socket


def _left(timeout: float | None) -> float:
    left = deadline.get() - time.monotonic()
    return max(left if timeout is None else min(timeout, left), _SHORTEST)


class Network(core.NetworkBackend):
    """Connects threads."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._sockets = core.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Bounded:
        """Connect to the first address that answers."""
        end = time.monotonic() + _left(timeout)
        addresses = resolve_within(self._resolver, host, port, end - time.monotonic())
        for number, (_, address) in enumerate(addresses, start=1):
            share = max((end - time.monotonic()) / (len(addresses) - number + 1), _SHORTEST)
            try:
                return Bounded(
                    self._sockets.connect_tcp(address[0], address[1], share, local_address, socket_options or ())
                )
            except (core.ConnectError, core.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise core.ConnectError(f"{host} has no address")


class Bounded(core.NetworkStream):
    """A stream whose every step ends by the deadline."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, in the time that is left."""
        return self._stream.read(max_bytes, _left(timeout))  # type: ignore[no-any-return]

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, in the time that is left."""
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        """Close."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Bounded:
        """Shake hands, in the time that is left."""
        return Bounded(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        """Return what the stream says of itself."""
        return self._stream.get_extra_info(info)


class AsyncNetwork(core.AsyncNetworkBackend):
    """Connects tasks."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._sockets = core.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Any:
        """Connect to the first address that answers; a resolver of the mailer's own is asked in a thread."""
        if self._resolver is resolve or is_literal(host):
            return await self._sockets.connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            addresses = await asyncio.get_running_loop().run_in_executor(None, self._resolver, host, port)
        except OSError as error:
            raise name_error(error, host) from error
        for number, (_, address) in enumerate(addresses, start=1):
            try:
                return await self._sockets.connect_tcp(address[0], address[1], timeout, local_address, socket_options)
            except (core.ConnectError, core.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise core.ConnectError(f"{host} has no address")
