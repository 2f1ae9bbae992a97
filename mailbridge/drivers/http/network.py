"""The network below httpx: names by the mailer's resolver, a deadline over all reads and writes, and a witness.

httpx knows a timeout for each read, so a server that sends one octet now and then could hold a thread
for hours. Under asyncio the driver ends the exchange; a thread cannot be interrupted, so here every read
and write asks how much time is left.

The witness says whether a request can have reached the server. httpx's errors do not: a ReadTimeout may
come from a proxy that never made the connection.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

from mailbridge.drivers.http.engine import core
from mailbridge.drivers.names import Resolver, is_literal, name_error, resolve, resolve_within

_SHORTEST = 0.001  # seconds; 0 would mean "do not wait", and something else to the socket


class Progress:
    """One exchange: when it has to be over, and whether the head of the request was written.

    `witnessed` says that this network was used at all. It is not where a test mocks httpx's transport.
    """

    __slots__ = ("ends", "sent", "witnessed")

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds
        self.sent = False
        self.witnessed = False

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self.ends - 0.01  # the timers of an event loop may be early

    def left(self, timeout: float | None) -> float:
        """Return the seconds for the next step."""
        left = self.ends - time.monotonic()
        return max(left if timeout is None else min(timeout, left), _SHORTEST)

    def wrote(self, octets: bytes) -> None:
        """Note that octets were written: after a whole head, a server may act; CONNECT is for the proxy alone."""
        if octets and not octets.startswith(b"CONNECT "):
            self.sent = True


progress: ContextVar[Progress] = ContextVar("mailbridge_http_progress")
"""The exchange that this thread or task is in."""


class Network(core.NetworkBackend):
    """Connects threads."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._sockets = core.SyncBackend()
        self._open: WeakSet[SyncStream] = WeakSet()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> SyncStream:
        """Connect to the first address that answers."""
        exchange = progress.get()
        exchange.witnessed = True
        end = time.monotonic() + exchange.left(timeout)
        addresses = resolve_within(self._resolver, host, port, end - time.monotonic())
        for number, (_, address) in enumerate(addresses, start=1):
            share = max((end - time.monotonic()) / (len(addresses) - number + 1), _SHORTEST)
            try:
                stream = self._sockets.connect_tcp(address[0], address[1], share, local_address, socket_options or ())
                return SyncStream(stream, self._open)
            except (core.ConnectError, core.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise core.ConnectError(f"{host} has no address")

    def renounce(self) -> None:
        """Close our copies of the parent's descriptors, if this process was forked off; nothing is said on them."""
        for stream in list(self._open):
            stream.close()


class SyncStream(core.NetworkStream):
    """A stream whose every step ends by the deadline."""

    def __init__(self, stream: Any, others: WeakSet[SyncStream]) -> None:
        self._stream = stream
        self._others = others
        others.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, in the time that is left."""
        return self._stream.read(max_bytes, progress.get().left(timeout))  # type: ignore[no-any-return]

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, in the time that is left."""
        exchange = progress.get()
        exchange.witnessed = True
        self._stream.write(buffer, exchange.left(timeout))
        exchange.wrote(buffer)

    def close(self) -> None:
        """Close."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> SyncStream:
        """Shake hands, in the time that is left."""
        stream = self._stream.start_tls(ssl_context, server_hostname, progress.get().left(timeout))
        return SyncStream(stream, self._others)

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
    ) -> AsyncStream:
        """Connect to the first address that answers; a resolver of the mailer's own is asked in a thread."""
        progress.get().witnessed = True
        if self._resolver is resolve or is_literal(host):
            return AsyncStream(await self._sockets.connect_tcp(host, port, timeout, local_address, socket_options))
        try:
            addresses = await asyncio.get_running_loop().run_in_executor(None, self._resolver, host, port)
        except OSError as error:
            raise name_error(error, host) from error
        for number, (_, address) in enumerate(addresses, start=1):
            try:
                return AsyncStream(
                    await self._sockets.connect_tcp(address[0], address[1], timeout, local_address, socket_options)
                )
            except (core.ConnectError, core.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise core.ConnectError(f"{host} has no address")


class AsyncStream(core.AsyncNetworkStream):
    """A stream of a task."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Read."""
        return await self._stream.read(max_bytes, timeout)  # type: ignore[no-any-return]

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Write."""
        exchange = progress.get()
        exchange.witnessed = True
        await self._stream.write(buffer, timeout)
        exchange.wrote(buffer)

    async def aclose(self) -> None:
        """Close."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> AsyncStream:
        """Shake hands; whoever is cancelled meanwhile closes the connection (httpcore would leave it open)."""
        try:
            return AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        """Return what the stream says of itself."""
        return self._stream.get_extra_info(info)
