"""The stream that the asynchronous driver gives to flows: an asyncio protocol of our own.

asyncio's StreamReader and StreamWriter cost about three times as much for an exchange of one write
and one read, and cannot say whether what was written has left the process. A `BufferedProtocol`
receives into a buffer of its own: for a plain `Protocol` asyncio takes 256 KiB from the system and
gives them back at every read, which costs more than the read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from mailbridge.drivers import tls
from mailbridge.drivers.names import own_name
from mailbridge.drivers.sockets import BLOCK, SLOWEST, arrivals, blocks
from mailbridge.errors import ConnectFailed, MailError, ProtocolError, TimedOut
from mailbridge.flow.operations import TlsOptions

HIGH_WATER = 1 << 18  # octets received and not asked for, before we stop listening
RECEIVE = 1 << 14  # octets received at once; replies are short


class Wire(asyncio.BufferedProtocol):
    """A connection, used by one flow at a time."""

    encrypted = False

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport = None  # type: ignore[assignment]
        self._buffer = memoryview(bytearray(RECEIVE))
        self._received: list[bytes] = []
        self._size = 0
        self._listener: Callable[[], None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timeout = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False
        self._error: MailError | None = None
        self.closed: asyncio.Future[None] = self._loop.create_future()

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport  # type: ignore[assignment]
        self._arrivals = arrivals(transport.get_extra_info("socket").fileno())
        # With a high-water mark of 0, "paused" means exactly: something has not left the process yet.
        self._transport.set_write_buffer_limits(high=0)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where to put what comes."""
        return self._buffer

    def buffer_updated(self, count: int) -> None:
        """Keep what came and tell who waits for it."""
        self._received.append(self._buffer[:count].tobytes())
        self._size += count
        if self._listener is not None:
            self._tell()
        elif self._size > HIGH_WATER:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Note that no more will come, and let asyncio close."""
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """Note why."""
        self._ended = True
        if error is not None and self._error is None:
            why = "reset" if isinstance(error, ConnectionResetError) else str(error) or type(error).__name__
            self._error = ConnectFailed(f"The connection to the server was lost ({why}).")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake()
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        """Note that something has not left the process."""
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """Note that everything has left."""
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def _wake(self) -> None:
        drained = self._drained
        if drained is not None and not drained.done():
            drained.set_result(None)
        if self._listener is not None:
            self._tell()

    def _tell(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener()

    # --- what the driver calls

    @property
    def stale(self) -> bool:
        """Whether something has arrived that nobody asked for, the end of the connection included."""
        if self._ended or self._received:
            return True
        # The loop may not have looked since: the caller need not have awaited anything.
        return bool(self._arrivals(0))

    @property
    def local_name(self) -> str:
        """Our name for EHLO."""
        return own_name(self._transport.get_extra_info("sockname"))

    def write(self, data: Sequence[bytes], timeout: float) -> Coroutine[Any, Any, None] | None:
        """Write all of `data`, then allow `timeout` seconds for the answer; await the result if there is one."""
        self._timeout = timeout
        total = sum(map(len, data))
        if total > BLOCK or self._ended:
            return self._drain(blocks(data), total, timeout)
        self._put(data[0] if len(data) == 1 else b"".join(data), total)
        if self._drained is not None:
            return self._drain(None, total, timeout)
        self._arm(timeout)
        return None

    def _put(self, piece: bytes, unsent: int) -> None:
        """Write one piece; if the transport closes over it, nothing of it has left."""
        transport = self._transport
        transport.write(piece)
        if transport.is_closing():
            raise self._broken(unsent)

    async def _drain(self, pieces: Iterable[bytes] | None, unsent: int, timeout: float) -> None:  # noqa: ASYNC109 - one timer a connection
        """Write piece by piece, each once the one before has left; then begin to wait for the answer.

        The transport cannot say how much of a piece has left, so all of it counts as sent but one octet.
        For the same reason each piece has its time, as `SocketStream.write` gives it to each octet taken.
        """
        allowed = timeout if unsent <= HIGH_WATER else timeout + unsent / SLOWEST
        end = self._loop.time() + allowed
        if pieces is None:  # written already, in one piece
            self._arm(allowed)
            await self._left(unsent, unsent)
        for piece in pieces or ():
            if self._ended:
                raise self._broken(unsent)
            self._arm(min(end - self._loop.time(), timeout + len(piece) / SLOWEST))
            self._put(piece, unsent)
            unsent = await self._left(unsent, len(piece))
        self._arm(timeout)

    async def _left(self, unsent: int, piece: int) -> int:
        """Wait until everything written has left; return what is still to be written."""
        drained = self._drained
        if drained is not None:
            await drained
            if self._drained is drained:  # woken by the end, not by the last octet leaving
                raise self._broken(unsent - piece + 1)
        return unsent - piece

    def _broken(self, unsent: int) -> MailError:
        error = self._error or ConnectFailed("The server closed the connection.")
        error.unsent = unsent
        return error

    def allow(self, timeout: float) -> None:
        """Allow `timeout` seconds from now for what comes next."""
        self._timeout = timeout
        self._arm(timeout)

    def received(self) -> bytes | None:
        """Return what has arrived, b"" at the end, or None if there is nothing yet: then `listen`."""
        received = self._received
        if not received:
            if not self._ended:
                return None
            if self._error is not None:
                raise self._error
            return b""
        data = received[0] if len(received) == 1 else b"".join(received)
        received.clear()
        if self._size > HIGH_WATER:
            self._transport.resume_reading()
        self._size = 0
        return data

    def listen(self, listener: Callable[[], None] | None) -> None:
        """Call `listener` once, when `received` has something to say or the deadline has passed; None: nobody."""
        self._listener = listener
        if self._timer is None and listener is not None:  # it fired while nobody was listening
            self._timer = self._loop.call_at(self._deadline, self._expire)

    async def read(self) -> bytes:
        """Return the next octets, within the deadline."""
        while (data := self.received()) is None:
            arrived = self._loop.create_future()
            self.listen(lambda arrived=arrived: arrived.done() or arrived.set_result(None))  # type: ignore[misc]
            await arrived
        return data

    async def start_tls(self, options: TlsOptions, timeout: float) -> None:  # noqa: ASYNC109 - a deadline of its own
        """Shake hands; anything that came before does not count."""
        if self._received:
            raise ProtocolError(
                "The server spoke between STARTTLS and the handshake; the connection was closed.", phase="tls"
            )
        context = tls.context(options)
        self._disarm()
        try:
            transport = await self._loop.start_tls(
                self._transport, self, context, server_hostname=options.host, ssl_handshake_timeout=timeout
            )
        except (TimeoutError, ConnectionAbortedError) as error:
            raise TimedOut(f"The TLS handshake with {options.host} took too long.", phase="tls") from error
        except OSError as error:
            raise tls.explained(error, options.host) from error
        if transport is None:
            raise ConnectFailed("The server closed the connection during the TLS handshake.", phase="tls")
        self._transport = transport
        # Here the mark counts from itself on, not from beyond it: at 0 an empty buffer would be a full one, and
        # whoever waits for the end of a write would wait for the peer. What is encrypted may still be in the
        # buffer below, which lets no more in before it is empty.
        transport.set_write_buffer_limits(high=1, low=0)
        self._drained = None
        self.encrypted = True

    def _arm(self, timeout: float) -> None:
        """Set the deadline. One timer a connection: it moves on when it fires early, not at every exchange."""
        self._deadline = deadline = self._loop.time() + timeout
        timer = self._timer
        if timer is None or timer.when() > deadline:
            if timer is not None:
                timer.cancel()
            self._timer = self._loop.call_at(deadline, self._expire)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        if self._listener is None and self._drained is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._expire)
            return
        self._error = TimedOut(
            f"The server did not answer within {self._timeout:g} s."
            if self._drained is None
            else "The server stopped taking data."
        )
        self._ended = True
        self._wake()

    def close(self) -> None:
        """Close at once. TLS close_notify is not waited for: SMTP's own QUIT has said goodbye."""
        self._disarm()
        if self._transport is not None:
            self._transport.abort()
