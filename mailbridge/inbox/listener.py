"""`CatchAll`: an SMTP server on this machine that takes every message and delivers none."""

from __future__ import annotations

import asyncio
import hmac
import socket
import ssl
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError
from mailbridge.inbox.certificate import ThrowAwayCertificate, missing
from mailbridge.inbox.conduct import Conduct
from mailbridge.inbox.limits import Limits
from mailbridge.inbox.mailbox import Mailbox
from mailbridge.secret import Secret

if TYPE_CHECKING:
    from mailbridge.inbox.protocol import Protocol

_TLS = ("starttls", "implicit", "off")
_PATIENCE = 10.0  # seconds for starting and for stopping


class CatchAll:
    """An SMTP server that keeps what it gets in `mailbox`; it runs in a thread of its own while open.

    It listens on loopback unless told otherwise, offers STARTTLS (or TLS at once) with a certificate
    made for the occasion, AUTH by PLAIN and LOGIN, SIZE, 8BITMIME, SMTPUTF8 and PIPELINING. Message size,
    recipients, line length and sessions are bounded.

    Args:
        host: the address to listen on.
        port: the port; 0 takes a free one.
        tls: offer STARTTLS, speak TLS from the first byte, or neither.
        auth: the one user and password to accept; without it, any are.
        require_auth: refuse mail before a login; by default when `auth` is given.
        keep: how many messages the mailbox holds.
        max_size: the size limit of a message, in bytes.
        max_recipients: the limit of recipients a message.
        max_connections: the limit of connections at a time.
        idle_timeout: seconds after which a silent client is disconnected.
        conduct: how it answers where it is not to take everything.

    Raises ConfigError when the extra `inbox` is not installed, or the address cannot be listened on.

    >>> with CatchAll(tls="off") as server:
    ...     server.host, len(server.mailbox)
    ('127.0.0.1', 0)
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: Literal["starttls", "implicit", "off"] = "starttls",
        auth: tuple[str, str | Secret] | None = None,
        require_auth: bool | None = None,
        keep: int = 500,
        max_size: int = 50 * 2**20,
        max_recipients: int = 1000,
        max_connections: int = 100,
        idle_timeout: float = 300.0,
        conduct: Conduct | None = None,
    ) -> None:
        if tls not in _TLS:
            raise ConfigError(
                f"The catch-all server knows no TLS mode {tls!r}.", hints=[f"Use one of {', '.join(_TLS)}."]
            )
        self.host = host
        self.port = port
        self.tls = tls
        self.mailbox = Mailbox(keep)
        self._auth = None if auth is None else (auth[0], Secret(auth[1]))
        self._require_auth = auth is not None if require_auth is None else require_auth
        self.limits = Limits(
            message=max_size, recipients=max_recipients, connections=max_connections, idle=idle_timeout
        )
        self._conduct = conduct or Conduct()
        self._certificate: ThrowAwayCertificate | None = None
        self._thread: threading.Thread | None = None

    @property
    def ca_file(self) -> str | None:
        """The authority a client has to trust, while the server is open; None without TLS."""
        return self._certificate.ca_file if self._certificate else None

    @property
    def dsn(self) -> str:
        """The DSN that reaches this server, password included."""
        user, password = self._auth or (None, None)
        options: dict[str, str] = {"tls": self.tls}
        if self.ca_file:
            options["ca_file"] = self.ca_file
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 (not bound to)
        return Dsn("smtp", user=user, password=password, host=host, port=self.port, options=options).reveal()

    def start(self) -> Self:
        """Listen."""
        _require_aiosmtpd()
        sock = _listening(self.host, self.port)
        try:
            context = self._tls_context()
        except BaseException:
            sock.close()
            raise
        self.port = sock.getsockname()[1]
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=asyncio.run, args=(self._serve(sock, context, ready),), name="mailbridge inbox", daemon=True
        )
        self._thread.start()
        ready.result(_PATIENCE)
        return self

    def stop(self) -> None:
        """Close every connection and end the thread; what was caught stays in the mailbox."""
        if self._thread is not None:
            thread, self._thread = self._thread, None
            self._loop.call_soon_threadsafe(self._stopping.set)
            thread.join(_PATIENCE)
        if self._certificate is not None:
            self._certificate.remove()
            self._certificate = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    async def _serve(self, sock: socket.socket, context: ssl.SSLContext | None, ready: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server, open_connections = await self._open(sock, context)
        ready.set_result(None)
        await self._stopping.wait()
        server.close()
        for connection in list(open_connections):
            connection.abort()
        # From Python 3.12 on this waits for the connections too.
        await server.wait_closed()

    async def _open(self, sock: socket.socket, context: ssl.SSLContext | None) -> tuple[asyncio.Server, set[Protocol]]:
        from mailbridge.inbox.protocol import Handler, connector

        connect, open_connections = connector(
            Handler(self.mailbox, self.limits, self._accepts, self._conduct),
            tls_context=context if self.tls == "starttls" else None,
            # aiosmtpd only knows the TLS it started itself.
            auth_require_tls=self.tls == "starttls",
            require_auth=self._require_auth,
        )
        implicit = context if self.tls == "implicit" else None
        return await self._loop.create_server(connect, sock=sock, ssl=implicit), open_connections

    def _tls_context(self) -> ssl.SSLContext | None:
        if self.tls == "off":
            return None
        self._certificate = ThrowAwayCertificate(self.host)
        return self._certificate.server_context()

    def _accepts(self, user: str, password: str) -> bool:
        if self._auth is None:
            return True
        expected = f"{self._auth[0]}\0{self._auth[1].reveal()}"
        return hmac.compare_digest(expected.encode(), f"{user}\0{password}".encode())


def _listening(host: str, port: int) -> socket.socket:
    try:
        sock = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        # asyncio forgets this for a socket made by others, and replies line by line would wait for
        # the client's delayed ACKs, 40 ms each. Connections inherit it.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    except OSError as error:
        reason = error.strerror or error
        text = f"The catch-all server cannot listen on {host}, port {port}: {reason}."
        raise ConfigError(text, hints=["Choose another port; 0 takes a free one."]) from error


def _require_aiosmtpd() -> None:
    try:
        import aiosmtpd.smtp  # noqa: F401 (only whether it is there)
    except ImportError as error:
        missing(error)
