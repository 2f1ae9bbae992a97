"""The network below httpx for threads: names by the mailer's resolver, and a deadline over all reads and writes.

httpx knows a timeout for each read, so a server that sends one octet now and then could hold a thread
for hours. A thread cannot be interrupted, so every read and write asks how much time is left.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

from mailbridge.drivers.http.engine import core
from mailbridge.drivers.http.progress import SHORTEST, SMALL, Progress, is_head, progress
from mailbridge.drivers.names import Resolver, resolve_within


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
            share = max((end - time.monotonic()) / (len(addresses) - number + 1), SHORTEST)
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
