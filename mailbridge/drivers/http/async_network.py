"""The network below httpx for event loops: the streams that SMTP has, with the errors that httpcore knows."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

from mailbridge.drivers.dialling import connect
from mailbridge.drivers.http.engine import core
from mailbridge.drivers.http.progress import SMALL, Progress, is_head, progress
from mailbridge.drivers.names import Resolver
from mailbridge.drivers.wire import Wire
from mailbridge.errors import ConfigError, MailError, TimedOut
from mailbridge.flow.operations import Connect, TlsOptions


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
