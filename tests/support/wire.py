"""`Wire`: one accepted connection, with nothing between the test and the kernel.

asyncio's own streams cannot reset a connection, leave out close_notify, or start TLS without touching
what has already arrived. A scripted peer has to do all of that on purpose, so it owns its socket and
speaks TLS through two memory buffers.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import ssl
import struct

CHUNK = 256 * 1024


class Wire:
    """A non-blocking socket with reads, writes, TLS on demand, and every way to end.

    Attributes:
        lulls: how often a read found that all that had arrived was taken already.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.tls: ssl.SSLObject | None = None
        self.closed = False
        self.peer_closed = False
        self.peer_reset = False
        self.lulls = 0
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[asyncio.Future[None], int] = {}
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()

    @property
    def encrypted(self) -> bool:
        """Whether TLS is on."""
        return self.tls is not None

    @property
    def blocked(self) -> bool:
        """Whether somebody waits here for the client: for bytes that have not arrived, or room there is not."""
        waited_for = self._waiting.values()
        return bool(waited_for) and not self.closed and not any(_ready(self.sock, event) for event in waited_for)

    async def read(self) -> bytes:
        """Return the next bytes, decrypted; empty at the end of the stream, tidy or not."""
        if self.tls is None:
            return await self._receive()
        while True:
            try:
                return self.tls.read(CHUNK)
            except ssl.SSLWantReadError:
                await self._feed_tls()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def write(self, data: bytes) -> None:
        """Write all of `data` with as few segments as the kernel allows."""
        if self.tls is None:
            await self._transmit(data)
        elif data:
            self.tls.write(data)
            await self._transmit(self._outgoing.read())

    async def first_bytes(self) -> bytes:
        """Wait for bytes without consuming them."""
        while not self.closed:
            try:
                return self.sock.recv(CHUNK, socket.MSG_PEEK)
            except BlockingIOError:
                await self._until(select.POLLIN)
        return b""

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the server's side of a handshake; the next read and write are encrypted."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        try:
            while not await self._handshake_step(tls):
                await self._feed_tls()
        finally:
            # Alerts have to reach the client even when the handshake failed.
            with contextlib.suppress(OSError):
                await self._transmit(self._outgoing.read())
        self.tls = tls

    async def _handshake_step(self, tls: ssl.SSLObject) -> bool:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            await self._transmit(self._outgoing.read())
            return False
        return True

    async def _feed_tls(self) -> None:
        data = await self._receive()
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def say_goodbye(self) -> None:
        """Send TLS close_notify, without waiting for the client's."""
        if self.tls is not None and not self.closed:
            with contextlib.suppress(ssl.SSLError, OSError):
                self.tls.unwrap()
            with contextlib.suppress(OSError):
                self.sock.send(self._outgoing.read())

    def close(self) -> bytes:
        """Close with a FIN; return what had arrived unread.

        Closing a socket with unread input makes the kernel send a reset instead, which can destroy
        the last reply on its way, so the input is taken out first.
        """
        rest = b""
        try:
            while data := self.sock.recv(CHUNK):
                rest += data
            self.peer_closed = True
        except BlockingIOError:
            pass
        except OSError:
            self.peer_reset = True
        self._release()
        return b"" if self.encrypted else rest

    def reset(self) -> None:
        """Close with a RST."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._release()

    def _release(self) -> None:
        if not self.closed:
            self.closed = True
            self._loop.remove_reader(self.sock)
            self._loop.remove_writer(self.sock)
            self.sock.close()
            for waiter in self._waiting:
                _wake(waiter)

    async def _receive(self) -> bytes:
        while not self.closed:
            try:
                return self.sock.recv(CHUNK)
            except BlockingIOError:
                await self._until(select.POLLIN)
        return b""

    async def _transmit(self, data: bytes) -> None:
        view = memoryview(data)
        while view and not self.closed:
            try:
                view = view[self.sock.send(view) :]
            except BlockingIOError:
                await self._until(select.POLLOUT)

    async def _until(self, event: int) -> None:
        """Wait until the socket is ready for `event`, POLLIN or POLLOUT, or closed."""
        loop, reading = self._loop, event == select.POLLIN
        add, remove = (loop.add_reader, loop.remove_reader) if reading else (loop.add_writer, loop.remove_writer)
        self.lulls += reading
        waiter = loop.create_future()
        self._waiting[waiter] = event
        add(self.sock, _wake, waiter)
        try:
            await waiter
        finally:
            del self._waiting[waiter]
            if not self.closed:
                remove(self.sock)


def _ready(sock: socket.socket, event: int) -> bool:
    """Ask the kernel, which knows before the event loop does."""
    poll = select.poll()
    poll.register(sock, event)
    return bool(poll.poll(0))


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
