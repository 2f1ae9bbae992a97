"""Plain sockets: connecting within a deadline, and the stream that the sync driver gives to flows."""

from __future__ import annotations

import errno
import select
import selectors
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from mailbridge.drivers import tls
from mailbridge.drivers.names import Resolver, own_name, resolve_within
from mailbridge.errors import ConnectFailed, MailError, TimedOut
from mailbridge.flow.operations import Connect, TlsOptions

STAGGER = 0.25  # seconds before the next address is tried as well (RFC 8305 section 5)
BLOCK = 1 << 18  # octets joined into one write
SLOWEST = 4096  # octets a second: a peer that takes less is not taking part
RECEIVE = 1 << 16
LAST_WORDS = 0.2  # seconds to read what a server said before it hung up on us


def connect(op: Connect, resolver: Resolver) -> SocketStream:
    """Open a connection as `op` says, TLS included."""
    deadline = time.monotonic() + op.timeout
    sock = _unix(op) if op.host.startswith("/") else _tcp(op, resolver, deadline)
    stream = SocketStream(sock)
    if op.tls is not None:
        try:
            stream.start_tls(op.tls, max(deadline - time.monotonic(), 0.001))
        except MailError:
            stream.close()
            raise
    return stream


def _unix(op: Connect) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(op.timeout)
    try:
        sock.connect(op.host)
    except OSError as error:
        sock.close()
        raise unreachable(op.host, error) from error
    return sock


def _tcp(op: Connect, resolver: Resolver, deadline: float) -> socket.socket:
    addresses = resolve_within(resolver, op.host, op.port, op.timeout)
    sock = _race(op, addresses, deadline)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _race(op: Connect, addresses: Sequence[tuple[int, tuple[Any, ...]]], deadline: float) -> socket.socket:
    """Try the addresses in order, each a moment after the one before; the first to answer wins."""
    waiting = list(addresses)
    where = f"{op.host}:{op.port}"
    last: OSError | None = None
    with selectors.DefaultSelector() as selector:
        try:
            while waiting or selector.get_map():
                now = time.monotonic()
                if now >= deadline:
                    break
                if waiting:
                    try:
                        selector.register(_begin(op, *waiting.pop(0)), selectors.EVENT_WRITE)
                    except OSError as error:
                        last = error
                        continue
                for key, _ in selector.select(min(STAGGER, deadline - now) if waiting else deadline - now):
                    sock: socket.socket = key.fileobj  # type: ignore[assignment]
                    selector.unregister(sock)
                    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if code == 0:
                        return sock
                    last = OSError(code, errno.errorcode.get(code, str(code)))
                    sock.close()
        finally:
            for key in list(selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]
    if last is None:
        raise unanswered(op)
    raise unreachable(where, last) from last


def _begin(op: Connect, family: int, address: tuple[Any, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if op.source_address is not None:
            sock.bind((op.source_address, 0))
        code = sock.connect_ex(address)
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
            raise OSError(code, errno.errorcode.get(code, str(code)))
    except OSError:
        sock.close()
        raise
    return sock


def unanswered(op: Connect) -> TimedOut:
    """Return the error for an address that stays silent."""
    return TimedOut(
        f"{op.host}:{op.port} did not answer within {op.timeout:g} s.",
        phase="connect",
        hints=["The port may be blocked: many hosters block 25, 465 and 587; try 2525 or the provider's API."],
    )


def unreachable(where: str, error: OSError) -> ConnectFailed:
    """Return the typed error for an address that cannot be reached."""
    why = {errno.ECONNREFUSED: "nothing listens there", errno.ENETUNREACH: "the network is unreachable"}
    said = why.get(error.errno or 0) or error.strerror or str(error)
    hint = ["Check host and port."] if error.errno == errno.ECONNREFUSED else []
    return ConnectFailed(f"No connection to {where}: {said}.", phase="connect", hints=hint)


class SocketStream:
    """A connected socket, used by one thread at a time."""

    __slots__ = ("_arrivals", "_deadline", "_sock", "_timeout", "encrypted")

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._arrivals = arrivals(sock.fileno())
        self._timeout = -1.0
        self._deadline = 0.0
        self.encrypted = False

    @property
    def local_name(self) -> str:
        """Our name for EHLO."""
        return own_name(self._sock.getsockname())

    @property
    def stale(self) -> bool:
        """Whether something has arrived that nobody asked for, the end of the connection included."""
        return bool(self._arrivals(0))

    def start_tls(self, options: TlsOptions, timeout: float) -> None:
        """Shake hands; whatever was not read before is gone with the plain socket."""
        context = tls.context(options)
        self._timeout = timeout
        self._sock.settimeout(timeout)
        try:
            self._sock = context.wrap_socket(self._sock, server_hostname=options.host)
        except TimeoutError as error:
            raise TimedOut(f"The TLS handshake with {options.host} took too long.", phase="tls") from error
        except OSError as error:
            raise tls.explained(error, options.host) from error
        self.encrypted = True

    def write(self, data: Sequence[bytes], timeout: float) -> None:
        """Write all of `data`, then allow `timeout` seconds for the answer.

        A peer that takes nothing at all for `timeout` seconds fails the write, and so does one that takes
        too little altogether.
        """
        unsent = sum(map(len, data))
        self._deadline = end = time.monotonic() + timeout
        pieces: Iterable[bytes]
        if unsent > BLOCK:
            end += unsent / SLOWEST
            pieces = blocks(data)
        else:
            pieces = (b"".join(data),) if unsent else ()
        try:
            for piece in pieces:
                sent = self._send(piece)
                unsent -= sent
                while sent < len(piece):
                    self._deadline = min(end, time.monotonic() + timeout)
                    step = self._send(memoryview(piece)[sent:])
                    sent += step
                    unsent -= step
                if unsent:
                    self._deadline = min(end, time.monotonic() + timeout)
        except OSError as error:
            self._deadline = time.monotonic() + LAST_WORDS
            broken = TimedOut("The server stopped taking data.") if isinstance(error, TimeoutError) else _lost(error)
            broken.unsent = unsent
            raise broken from error.with_traceback(None)
        self._deadline = time.monotonic() + timeout

    def _send(self, piece: bytes | memoryview) -> int:
        while True:
            self._limit()
            try:
                return self._sock.send(piece)
            except TimeoutError:
                if time.monotonic() >= self._deadline:
                    raise

    def read(self) -> bytes:
        """Return the next octets, within the deadline."""
        while True:
            self._limit()
            try:
                return self._sock.recv(RECEIVE)
            except TimeoutError as error:
                if time.monotonic() >= self._deadline:
                    raise TimedOut("The server did not answer in time.") from error.with_traceback(None)
            except OSError as error:
                raise _lost(error) from error.with_traceback(None)

    def _limit(self) -> None:
        """Let the socket wait no longer than to the deadline; it may wait for less, and then again.

        `settimeout` costs a system call each time, so small changes are left alone.
        """
        left = max(self._deadline - time.monotonic(), 0.001)
        if self._timeout > left * 1.02 or self._timeout * 16 < left:  # the latter at first, and after a close shave
            self._timeout = left * 1.01
            self._sock.settimeout(self._timeout)

    def close(self) -> None:
        """Close at once. TLS close_notify is not waited for: SMTP's own QUIT has said goodbye."""
        self._sock.close()


def arrivals(descriptor: int) -> Callable[[int], object]:
    """Return what says, called with 0, whether reading would not block: there is data, or the end."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return waiting.poll


def blocks(data: Sequence[bytes]) -> Iterator[bytes]:
    """Join small pieces into writes of moderate size, one at a time: a large message is never copied whole."""
    if len(data) == 1:
        if data[0]:
            yield data[0]
        return
    small: list[bytes] = []
    size = 0
    for piece in data:
        if size and size + len(piece) > BLOCK:
            yield small[0] if len(small) == 1 else b"".join(small)
            small, size = [], 0
        small.append(piece)
        size += len(piece)
    if size:
        yield small[0] if len(small) == 1 else b"".join(small)


def _lost(error: OSError) -> ConnectFailed:
    why = "reset" if isinstance(error, ConnectionResetError) else error.strerror or str(error)
    return ConnectFailed(f"The connection to the server was lost ({why}).")
