"""The operations a flow may ask its driver for.

A flow is a generator that yields operations and is sent their results. It does no I/O, reads no
clock and knows no event loop; a driver (`mailbridge.drivers`) performs the operations, either with
plain sockets or with asyncio. So retry, failover, the SMTP dialogue and the send path are written
once for both.

    def greet(stream: Stream) -> Flow[bytes]:
        yield from Write(stream, (b"NOOP\\r\\n",), timeout=5.0)
        return (yield from Read(stream))

Rules: never yield inside `finally`; never read a clock, randomness or the environment; what a flow
opened, the driver closes when the flow ends or is abandoned.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any, Generic, Literal, Protocol, TypeVar

__all__ = [
    "END",
    "PULL",
    "Await",
    "Block",
    "Clock",
    "Close",
    "Connect",
    "Emit",
    "End",
    "Flow",
    "Lease",
    "Now",
    "Op",
    "Pull",
    "Read",
    "Ready",
    "Release",
    "Sleep",
    "StartTls",
    "Stream",
    "TlsOptions",
    "Wall",
    "Write",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Flow = Generator["Op[Any]", Any, T]
"""What a flow function returns: a generator of operations that ends with a T."""


class Op(Generic[T_co]):
    """One request to the driver; iterating it yields it once and returns the driver's typed answer."""

    __slots__ = ()

    def __iter__(self) -> Generator[Op[T_co], T_co, T_co]:
        return (yield self)


class Stream(Protocol):
    """A connection held by the driver; flows only pass it around."""

    @property
    def encrypted(self) -> bool:
        """Whether TLS is on."""

    @property
    def stale(self) -> bool:
        """Whether something has arrived that nobody asked for, the end of the connection included."""

    @property
    def local_name(self) -> str:
        """Our own name for EHLO: the host's full name, or the address literal of our end (RFC 5321 4.1.3)."""


class TlsOptions:
    """How to verify the server: host name to check, CA file or directory, client certificate.

    `verify=False` accepts any certificate and exists for tests and broken appliances only.
    """

    __slots__ = ("ca_file", "client_cert", "client_key", "host", "minimum", "verify")

    def __init__(
        self,
        host: str,
        *,
        verify: bool = True,
        ca_file: str | None = None,
        client_cert: str | None = None,
        client_key: str | None = None,
        minimum: Literal["1.2", "1.3"] = "1.2",
    ) -> None:
        self.host = host
        self.verify = verify
        self.ca_file = ca_file
        self.client_cert = client_cert
        self.client_key = client_key
        self.minimum = minimum

    @property
    def key(self) -> tuple[object, ...]:
        """Everything but the host: connections with the same key share one TLS context."""
        return (self.verify, self.ca_file, self.client_cert, self.client_key, self.minimum)


class Connect(Op[Stream]):
    """Open a TCP connection (or a Unix socket when `host` is a path), TLS at once if `tls` is given.

    Tries every address the name has, in order, within `timeout` seconds altogether. Raises
    ConfigError (unknown host), ConnectFailed, TimedOut, TlsFailed.
    """

    __slots__ = ("host", "port", "source_address", "timeout", "tls")

    def __init__(
        self, host: str, port: int, *, timeout: float, tls: TlsOptions | None = None, source_address: str | None = None
    ) -> None:
        self.host = host
        self.port = port
        self.timeout = timeout
        self.tls = tls
        self.source_address = source_address


class StartTls(Op[None]):
    """Turn an open stream into an encrypted one; bytes received before are dropped."""

    __slots__ = ("stream", "timeout", "tls")

    def __init__(self, stream: Stream, tls: TlsOptions, *, timeout: float) -> None:
        self.stream = stream
        self.tls = tls
        self.timeout = timeout


class Write(Op[None]):
    """Write all of `data`; the answer, read by the `Read`s up to the next `Write`, is due in `timeout` seconds.

    Raises TimedOut, ConnectFailed; the error's `unsent` says how many octets at the end of `data` were
    certainly not handed to the operating system. What the peer said before can still be read.
    """

    __slots__ = ("data", "stream", "timeout")

    def __init__(self, stream: Stream, data: Sequence[bytes], timeout: float) -> None:
        self.stream = stream
        self.data = data
        self.timeout = timeout


class Read(Op[bytes]):
    """Return the next bytes that arrive (empty: the peer closed). Raises TimedOut, ConnectFailed."""

    __slots__ = ("stream",)

    def __init__(self, stream: Stream) -> None:
        self.stream = stream


class Close(Op[None]):
    """Close the stream now, politely for TLS where that costs no waiting."""

    __slots__ = ("stream",)

    def __init__(self, stream: Stream) -> None:
        self.stream = stream


class Lease(Op[Any]):
    """Take an idle resource of this key out of the pool, or None with the right to make one.

    Waits up to `timeout` seconds while `limit` resources of the key are in use; raises TimedOut.
    Every lease is ended by one `Release`; the driver ends those of an abandoned flow.
    """

    __slots__ = ("key", "limit", "timeout")

    def __init__(self, key: object, *, limit: int, timeout: float) -> None:
        self.key = key
        self.limit = limit
        self.timeout = timeout


class Release(Op[None]):
    """End a lease: give the resource back for others, or None when it is gone (the flow closed it)."""

    __slots__ = ("key", "resource")

    def __init__(self, key: object, resource: Any) -> None:
        self.key = key
        self.resource = resource


class Sleep(Op[None]):
    """Wait `seconds`."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Now(Op[float]):
    """Read the monotonic clock, in seconds."""

    __slots__ = ()


class Clock(Op[Callable[[], float]]):
    """Return the clock that `Now` reads, as a function, for those who read it too often for an operation each time."""

    __slots__ = ()


class Wall(Op[float]):
    """Read the wall clock, in seconds since 1970 UTC."""

    __slots__ = ()


class Block(Op[Any]):
    """Call a plain function that may block: here in sync code, in a thread under asyncio."""

    __slots__ = ("args", "function")

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.function = function
        self.args = args


class Await(Op[Any]):
    """Await something: refused in sync code with a ConfigError that says to use the async method."""

    __slots__ = ("awaitable", "what")

    def __init__(self, awaitable: Awaitable[Any], what: str) -> None:
        self.awaitable = awaitable
        self.what = what


class End:
    """What `Pull` answers when there is nothing more to send."""

    __slots__ = ()


END = End()


class Pull(Op[Any]):
    """Ask for the next thing to send: the answer is that thing, or END."""

    __slots__ = ()


PULL = Pull()


class Ready(Op[Callable[[], bool]]):
    """Return a function that says whether a `Pull` would be answered without waiting for the source.

    Where it says no, a flow finishes first what it has. A plain iterable cannot be asked: it is always ready.
    """

    __slots__ = ()


class Emit(Op[None]):
    """Hand one finished outcome to the caller, in the order in which things were pulled."""

    __slots__ = ("outcome",)

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome
