"""The network below httpx: names by the mailer's resolver, a deadline over all reads and writes, and a witness.

httpx knows a timeout for each read, so a server that sends one octet now and then could hold a thread
for hours. Under asyncio the driver ends the exchange; a thread cannot be interrupted, so here every read
and write asks how much time is left.

The witness says whether a request can have reached the server. httpx's errors do not: a ReadTimeout may
come from a proxy that never made the connection.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

from mailbridge.drivers.dialling import connect
from mailbridge.drivers.http.engine import core
from mailbridge.drivers.names import Resolver, resolve_within
from mailbridge.drivers.wire import Wire
from mailbridge.errors import ConfigError, MailError, TimedOut
from mailbridge.flow.operations import Connect, TlsOptions

SMALL = 1 << 14
"""Octets of a body that travel in one segment with the head: httpcore writes the two apart, which is a system call
and a packet more."""

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


def is_head(octets: bytes, exchange: Progress) -> bool:
    """Whether these are the head of a request for a server, whose body may follow."""
    return not exchange.sent and octets.endswith(b"\r\n\r\n") and not octets.startswith(b"CONNECT ")


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
        self._head = b""
        others.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, in the time that is left."""
        if self._head:
            self._send(b"", progress.get(), timeout)
        return self._stream.read(max_bytes, progress.get().left(timeout))  # type: ignore[no-any-return]

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, in the time that is left."""
        if not buffer:
            return
        exchange = progress.get()
        exchange.witnessed = True
        if is_head(buffer, exchange) and not self._head:
            self._head = buffer
            return
        if self._head and len(buffer) > SMALL:
            self._send(b"", exchange, timeout)
        self._send(buffer, exchange, timeout)

    def _send(self, buffer: bytes, exchange: Progress, timeout: float | None) -> None:
        data, self._head = self._head + buffer, b""
        self._stream.write(data, exchange.left(timeout))
        exchange.wrote(data)

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
    """Connects tasks, by the streams that SMTP has: httpcore's own, of anyio, take twice the time."""

    def __init__(self, resolver: Resolver, options: TlsOptions) -> None:
        self._resolver = resolver
        self._tls = options

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncStream:
        """Connect to the first address that answers."""
        exchange = progress.get()
        exchange.witnessed = True
        op = Connect(host, port, timeout=exchange.left(timeout))
        try:
            return AsyncStream(await connect(op, self._resolver), self._tls)
        except ConfigError:
            raise
        except MailError as error:
            raise _not_connected(error) from error


def _not_connected(error: MailError) -> Exception:
    """Return httpcore's error for one of ours, with the system's words: ours speak of mail servers."""
    kind = core.ConnectTimeout if isinstance(error, TimedOut) else core.ConnectError
    return kind(str(error.__cause__ or error.text))


class AsyncStream(core.AsyncNetworkStream):
    """A stream of a task, with the errors that httpcore knows."""

    def __init__(self, wire: Wire, options: TlsOptions) -> None:
        self._wire = wire
        self._tls = options
        self._head = b""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Read what comes next."""
        if self._head:
            await self._send(b"", progress.get(), timeout)
        try:
            self._wire.allow(progress.get().left(timeout))
            return await self._wire.read()
        except TimedOut as error:
            raise core.ReadTimeout(error.text) from None
        except MailError as error:
            raise core.ReadError(error.text) from None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Write."""
        if not buffer:
            return
        exchange = progress.get()
        exchange.witnessed = True
        if is_head(buffer, exchange) and not self._head:
            self._head = buffer
            return
        if self._head and len(buffer) > SMALL:
            await self._send(b"", exchange, timeout)
        await self._send(buffer, exchange, timeout)

    async def _send(self, buffer: bytes, exchange: Progress, timeout: float | None) -> None:  # noqa: ASYNC109
        data, self._head = self._head + buffer, b""
        try:
            writing = self._wire.write((data,), exchange.left(timeout))
            if writing is not None:
                await writing
        except TimedOut as error:
            raise core.WriteTimeout(error.text) from None
        except MailError as error:
            raise core.WriteError(error.text) from None
        exchange.wrote(data)

    async def aclose(self) -> None:
        """Close."""
        self._wire.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> AsyncStream:
        """Shake hands; whoever is cancelled meanwhile closes the connection."""
        ours = self._tls
        options = TlsOptions(
            server_hostname or "",
            verify=ours.verify,
            ca_file=ours.ca_file,
            client_cert=ours.client_cert,
            client_key=ours.client_key,
            minimum=ours.minimum,
        )
        try:
            await self._wire.start_tls(options, progress.get().left(timeout))
        except BaseException as error:
            self._wire.close()
            if isinstance(error, MailError):
                raise _not_connected(error) from error
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        """Say whether the stream is of no further use; httpcore asks for it as `is_readable`."""
        return self._wire.stale if info == "is_readable" else None
