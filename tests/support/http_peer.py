r"""`HttpPeer`: a scripted HTTP/1.1 server on loopback, for tests of clients.

    from support.http_peer import HttpPeer, answer, drop, early, head, raw, read, reset

    def test_a_message_is_accepted(colour):
        with HttpPeer([answer(202, headers={"X-Message-Id": "m1"})]) as peer:
            mailer = Mailer(f"sendgrid://SG.key@default?base_url={peer.url}")
            receipt = colour.send(mailer, MESSAGE)
        assert receipt.provider_id == "m1"
        sent = peer.requests[0]
        assert (sent.method, sent.path, sent.header("authorization")) == ("POST", "/v3/mail/send", "Bearer SG.key")
        assert sent.json["from"] == {"email": "shop@example.com"}
        assert check("sendgrid", sent.method, sent.path, sent.headers, sent.body) == []

A script is one of
    an action                   done with every request
    a list of them              the first with the first request (over all connections), and so on
    a function of the Request   returning an action, or None for `answer(404)`; it is asked when the body
                                is there, so `early(…)` belongs in a list

    [answer(200, {"id": "x"})]                               JSON, with Content-Type and Content-Length
    [answer(429, headers=[("Retry-After", "5"), ("Retry-After", "7")]), answer(202)]
    lambda request: answer(200, [{"status": "sent"} for _ in request.json["messages"]])
    [head(202, length=100) + raw(b'{"id"') + drop()]         a body cut short
    [raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]    a chunk of no length
    [gzip(200, {...})], [bomb(202)], [flood(202)]            compressed; 1 GB in 1 MB; 1 GB
    [drip(b"HTTP/1.1 200 OK\r\n", every=0.1)], [stall()], [freeze()], [delay(1) + answer()]
    [reset()], [drop()]                                      after the whole request
    [early(read(1000) + reset())]                            in the middle of its body
    [early(answer(413) + drop())]                            an answer while the body is still coming
    [answer(202) + drop()]                                   a connection that is kept open, then closed
    [wait_for(event) + answer(202)]                          when the test sets its threading.Event

`connect=[drop(), None]` are actions on the first, second, … connection before anything is read, TLS
included. With `tls=True` the server shows a certificate of `support.certificates` (`certificate=` one of
`good expired wrong_host self_signed`); trust it by `ca_file={peer.ca_file}`.

As a proxy it gets CONNECT requests (for https) and requests whose target is a whole URL (for http):

    HttpPeer([tunnel()])                                     as a proxy does
    HttpPeer([answer(407)]), HttpPeer([answer(502)]), HttpPeer([stall()])

A connection is kept open after an answer, unless the client says `Connection: close` or the script closes
it. Leaving the `with` block ends everything, and fails if a script failed, if a listed action was not
reached, or a request came for which the list had none left (answered with 500); `strict=False` keeps
quiet about the latter two. What is asked of a peer (`requests`, `connections`) waits until it has taken in
what arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from support.certificates import Kind, certificates
from support.http_script import (
    HttpAction,
    Over,
    answer,
    bomb,
    chunked,
    deflate,
    delay,
    drip,
    drop,
    early,
    flood,
    freeze,
    gzip,
    head,
    raw,
    read,
    reset,
    stall,
    tunnel,
    wait_for,
)
from support.wire import Wire

__all__ = [
    "Connection",
    "HttpAction",
    "HttpPeer",
    "Request",
    "answer",
    "bomb",
    "chunked",
    "deflate",
    "delay",
    "drip",
    "drop",
    "early",
    "flood",
    "freeze",
    "gzip",
    "head",
    "raw",
    "read",
    "reset",
    "stall",
    "tunnel",
    "wait_for",
]

PATIENCE = 10.0  # seconds until a test that waits for the peer fails

Script: TypeAlias = "HttpAction | Sequence[HttpAction | None] | Callable[[Request], HttpAction | None]"


class Request:
    """One request as it arrived; `body` grows until `complete`."""

    def __init__(self, connection: Connection, method: str, target: str, headers: list[tuple[str, str]]) -> None:
        self.connection = connection
        self.method = method
        self.target = target  # as it stood in the request line
        self.pairs = headers
        self.body = b""
        self.complete = False

    @property
    def headers(self) -> dict[str, str]:
        """The headers by their names as they were sent."""
        return dict(self.pairs)

    def header(self, name: str) -> str | None:
        """Return the first header of this name, in any case."""
        return next((value for key, value in self.pairs if key.lower() == name.lower()), None)

    @property
    def path(self) -> str:
        """The path, with its query."""
        return (
            self.target
            if self.target.startswith("/")
            else urlsplit(self.target)._replace(scheme="", netloc="").geturl()
        )

    @property
    def url(self) -> str:
        """The whole URL."""
        scheme = "https" if self.connection.wire.encrypted else "http"
        return f"{scheme}://{self.header('host')}{self.target}" if self.target.startswith("/") else self.target

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def form(self) -> list[tuple[str, str]]:
        """The fields of an urlencoded body."""
        return parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)

    def __repr__(self) -> str:
        return f"<{self.method} {self.target}, {len(self.body)} octets{'' if self.complete else ', incomplete'}>"


class Connection:
    """One connection: its requests, and how it ended: `eof rst dropped tls open`."""

    def __init__(self, peer: HttpPeer, sock: socket.socket, number: int) -> None:
        self.peer = peer
        self.number = number
        self.wire = Wire(sock)
        self.buffer = bytearray()
        self.requests: list[Request] = []
        self.end = "open"
        self._pausing = False
        self.over = False

    @property
    def at_rest(self) -> bool:
        """Whether nothing of what the client sent is still to be recorded."""
        return self.over or self._pausing or self.wire.blocked

    async def run(self) -> None:
        """Serve until the connection ends."""
        try:
            await self._serve()
        except Over as over:
            self.end = over.end
        except ConnectionError:
            self.end = "rst"
        finally:
            self.over = True
            self.wire.close()

    async def fill(self) -> bool:
        """Take in what arrives next; say whether anything did."""
        data = await self.wire.read()
        self.buffer += data
        return bool(data)

    async def write(self, data: bytes) -> None:
        """Write all of it."""
        await self.wire.write(data)

    async def pause(self, work: Awaitable[Any]) -> None:
        """Wait by the script, at rest meanwhile."""
        self._pausing = True
        try:
            await work
        finally:
            self._pausing = False

    async def tunnel(self, host: str, port: int) -> None:
        """Pass octets to and from another server until one of both closes."""
        reader, writer = await asyncio.open_connection(host, port)
        await self.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def back() -> None:
            while data := await reader.read(65536):
                await self.write(data)
            self.wire.sock.shutdown(socket.SHUT_WR)

        task = asyncio.create_task(back())
        try:
            while data := bytes(self.buffer) or await self.wire.read():
                self.buffer.clear()
                writer.write(data)
        finally:
            task.cancel()
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await task
        raise Over("eof")

    async def _serve(self) -> None:
        if (action := self.peer.on_connect(self.number)) is not None:
            await self._perform(action.effects, Request(self, "", "", []))
        if self.peer.tls is not None:
            try:
                await self.wire.start_tls(self.peer.tls)
            except OSError as error:
                raise Over("tls") from error
        while (request := await self._head()) is not None:
            self.requests.append(request)
            planned = self.peer.planned(request)
            if planned is not None:
                await self._perform(planned.first, request)
            await self._body(request)
            action = planned or self.peer.decided(request)
            await self._perform(action.effects, request)
            if (request.header("connection") or "").lower() == "close":
                raise Over("dropped")
        raise Over("eof")

    async def _perform(self, effects: tuple[Any, ...], request: Request) -> None:
        for effect in effects:
            await effect(self, request)

    async def _head(self) -> Request | None:
        head = await self._until(b"\r\n\r\n")
        if head is None:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        return Request(
            self, method, target, [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        )

    async def _body(self, request: Request) -> None:
        if "chunked" in (request.header("transfer-encoding") or ""):
            while size := int(await self._line(), 16):
                request.body += (await self._exactly(size + 2, request))[:-2]
            await self._line()
        else:
            request.body = await self._exactly(int(request.header("content-length") or 0), request)
        request.complete = True

    async def _line(self) -> bytes:
        line = await self._until(b"\r\n")
        if line is None:
            raise Over("eof")
        return line

    async def _until(self, mark: bytes) -> bytes | None:
        while mark not in self.buffer:
            if not await self.fill():
                return None
        found, _, rest = bytes(self.buffer).partition(mark)
        self.buffer[:] = rest
        return found

    async def _exactly(self, size: int, request: Request) -> bytes:
        while len(self.buffer) < size:
            if not await self.fill():
                request.body += bytes(self.buffer)
                raise Over("eof")
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data


class HttpPeer:
    """A scripted HTTP server with a thread of its own.

    Args:
        script: what to do with requests; see the module.
        connect: actions on connections, in order, before anything is read.
        tls: speak TLS.
        certificate: which one to show: `good expired wrong_host self_signed`.
        receive_buffer: octets that the kernel may hold unread, to make a client's writes block early.
        strict: fail at the end for listed actions not reached, and requests without one.
    """

    def __init__(
        self,
        script: Script = (),
        *,
        connect: Sequence[HttpAction | None] = (),
        tls: bool = False,
        certificate: Kind = "good",
        receive_buffer: int | None = None,
        strict: bool = True,
    ) -> None:
        self._script = script
        self._connect = connect
        self.tls = certificates().server_context(certificate) if tls else None
        self.strict = strict
        self.flooded = 0
        self._receive_buffer = receive_buffer
        self._used = 0
        self._beyond: list[Request] = []
        self._connections: list[Connection] = []
        self._requests: list[Request] = []
        self._errors: list[BaseException] = []
        self._thread: threading.Thread | None = None

    # --- what happened

    @property
    def url(self) -> str:
        """The address as a URL, without a slash at the end."""
        return f"{'https' if self.tls else 'http'}://{self.address}"

    @property
    def address(self) -> str:
        """`127.0.0.1:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> str:
        """The authority that signed the good certificate."""
        return certificates().ca_file

    @property
    def requests(self) -> list[Request]:
        """Every request whose headers arrived, in the order of their coming."""
        self.settle()
        return self._requests

    @property
    def connections(self) -> list[Connection]:
        """The connections, oldest first."""
        self.settle()
        return self._connections

    def wait_for(self, condition: Callable[[HttpPeer], object], timeout: float = PATIENCE) -> None:
        """Wait until `condition(peer)` holds; fail after `timeout` seconds."""
        end = time.monotonic() + timeout
        while not condition(self):
            if time.monotonic() > end:
                raise AssertionError(f"did not happen within {timeout} s; the peer saw {self._requests}")
            time.sleep(0.002)

    def settle(self) -> None:
        """Wait until everything that has arrived is recorded; fail after `PATIENCE` seconds."""
        if self._thread is None or threading.current_thread() is self._thread:
            return
        settled = asyncio.run_coroutine_threadsafe(self._settle(), self._loop)
        try:
            settled.result(PATIENCE)
        except TimeoutError:
            settled.cancel()
            raise AssertionError(f"the peer did not settle within {PATIENCE} s: {self._requests}") from None

    # --- what to do

    def on_connect(self, number: int) -> HttpAction | None:
        """Return the action on the connection of this number."""
        return self._connect[number - 1] if number <= len(self._connect) else None

    def planned(self, request: Request) -> HttpAction | None:
        """Record a request and return the action for it, or None where a function decides."""
        self._requests.append(request)
        if isinstance(self._script, HttpAction):
            return self._script
        if callable(self._script):
            return None
        self._used += 1
        if self._used > len(self._script):
            self._beyond.append(request)
            return answer(500, "the script has no answer for this request")
        return self._script[self._used - 1] or answer(404)

    def decided(self, request: Request) -> HttpAction:
        """Ask the function what to do with a request."""
        assert callable(self._script)
        try:
            return self._script(request) or answer(404)
        except Exception as error:  # noqa: BLE001 - raised again when the peer stops
            self._errors.append(error)
            return answer(500, f"the script failed: {error!r}")

    # --- life

    def start(self) -> Self:
        """Listen."""
        self._listener = socket.socket()
        if self._receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(128)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        started = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(started)), name=f"http peer {self.port}", daemon=True
        )
        self._thread.start()
        if not started.wait(PATIENCE):
            raise AssertionError("the peer did not start")
        return self

    def stop(self) -> None:
        """End every connection and the thread; fail if the script itself was at fault."""
        try:
            self.settle()
        finally:
            if self._thread is not None:
                thread, self._thread = self._thread, None
                self._loop.call_soon_threadsafe(self._stopping.set)
                thread.join(PATIENCE)
                if thread.is_alive():
                    raise AssertionError(f"the peer did not stop within {PATIENCE} s")
        if self._errors:
            raise self._errors[0]

    def check(self) -> None:
        """Fail for actions that were not reached, and for requests without one."""
        if not self.strict or isinstance(self._script, HttpAction) or callable(self._script):
            return
        if self._beyond:
            raise AssertionError(f"more requests came than the script has actions: {self._beyond}")
        if self._used < len(self._script):
            raise AssertionError(f"not reached: {list(self._script[self._used :])}; the peer saw {self._requests}")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        if kind is None:
            self.check()

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._talking: set[asyncio.Task[None]] = set()
        self._loop.add_reader(self._listener, self._accept)
        started.set()
        with self._listener:
            await self._stopping.wait()
            self._loop.remove_reader(self._listener)
            tasks = list(self._talking)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for connection in self._connections:
                connection.wire.close()

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                sock = self._listener.accept()[0]
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = Connection(self, sock, len(self._connections) + 1)
                self._connections.append(connection)
                task = self._loop.create_task(connection.run())
                self._talking.add(task)
                task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._talking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._errors.append(error)

    async def _settle(self) -> None:
        self._accept()
        asked = [(connection, connection.wire.lulls) for connection in self._connections]
        for connection, lulls in asked:
            while not connection.at_rest and connection.wire.lulls == lulls:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0)
