r"""`Peer`: a scripted SMTP server for tests of clients.

Without a script it is a correct ESMTP server. A script overrides single steps:

    from support.peer import Peer, drop, reply

    def test_one_of_two_recipients_is_refused(colour):
        with Peer({"RCPT": {"bob@": reply("550 5.1.1 no such user")}}, without="CHUNKING") as peer:
            mailer = Mailer(f"smtp://{peer.address}")
            with colour.using(mailer):
                receipt = colour.send(mailer, MESSAGE)
        assert receipt.recipients["bob@example.org"].status == "refused"
        assert peer.messages[0].recipients == ("ann@example.org",)
        assert peer.sessions[0].verbs == ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]
        assert peer.sessions[0].end == "quit"

    def test_the_connection_is_lost_after_the_dot(colour):
        with Peer({".": [drop()]}, tls="starttls", auth=("ann", "s3cret")) as peer:
            mailer = Mailer(f"smtp://ann:s3cret@{peer.address}?tls=starttls&ca_file={peer.ca_file}")
            with pytest.raises(OutcomeUnknown):
                colour.send(mailer, MESSAGE)
            assert peer.sessions[0].end == "dropped"
        assert (peer.submissions, peer.connections) == (1, 1)

Steps: CONNECT (greeting), TLS (the client's hello is there, the handshake not begun), EHLO HELO LHLO,
STARTTLS, AUTH, RESPONSE (a further line of AUTH), MAIL, RCPT, DATA, BODY (354 was said, or a BDAT chunk
follows), `.` (the message is complete, by dot or BDAT LAST; in LMTP once for each recipient), BDAT (any
other chunk), RSET, NOOP, VRFY, QUIT, or any verb the client may say; `*` stands for all of them.
Behaviours and actions are explained in `support.script`:

    reply(*lines) raw(bytes) drip(bytes, every) delay(seconds) proceed() flood() read(n) stall() freeze()
    drop() reset() nth(n, behaviour) when(condition, behaviour) HTTP_ANSWER LONG_LINE

    on={"MAIL": reply("451 4.3.0 later")}                          at every MAIL
    on={"MAIL": [reply("421 4.3.2 bye") + drop()]}                  at the first MAIL of all sessions
    on={"RCPT": [None, reply("550 5.1.1 no")]}                      at the second RCPT
    on={"RCPT": {"bob@": [reply("450 4.2.0 greylisted")]}}          bob's first try only
    on={".": {"subject: two": reply("554 5.7.1 spam")}}             the message that says so
    on={"STARTTLS": reply("220 go", "250 injected")}                two replies in one segment
    on={"BODY": read(1000) + reset()}                               in the middle of a body
    on={"MAIL": when(lambda step: len(step.session.messages) == 2, reply("421 4.7.0 enough") + drop())}
    sessions={1: {"CONNECT": reply("421 4.3.2 busy") + drop()}}     only on the first connection

A client that uses CHUNKING never says DATA; BODY and `.` come to pass either way.

A peer also judges its client: pipelining that was not offered, bare line feeds, undeclared 8-bit bodies
and the like are in `session.violations`, and leaving the `with` block fails on them, as it does when
nothing came to a step of `on` (`strict=False` keeps quiet). Nothing outlives the block, stalled sessions
included.

The peer works in a thread of its own, which may lag behind the client: a connection is made, and a QUIT
sent, before the peer has looked at either. So whatever a test asks of a peer (`sessions`, `messages`,
`violations`, `connections`, `submissions`, `count()`), and its end, waits until the peer has caught up;
see `Peer.settle`. Ask the peer afresh, `peer.sessions[0].verbs`, after the client did more.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from support.authentication import MECHANISMS
from support.certificates import Kind, certificates
from support.script import (
    HTTP_ANSWER,
    LONG_LINE,
    Action,
    Behaviour,
    Chooser,
    End,
    Script,
    delay,
    drip,
    drop,
    flood,
    freeze,
    nth,
    proceed,
    raw,
    read,
    reply,
    reset,
    stall,
    when,
)
from support.session import PATIENCE, Command, Session, Step, Submission
from support.wire import Wire

__all__ = [
    "HTTP_ANSWER",
    "LONG_LINE",
    "Action",
    "Behaviour",
    "Command",
    "End",
    "Peer",
    "Script",
    "Session",
    "Step",
    "Submission",
    "delay",
    "drip",
    "drop",
    "flood",
    "freeze",
    "nth",
    "proceed",
    "raw",
    "read",
    "reply",
    "reset",
    "stall",
    "when",
]

EXTENSIONS = ("PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN", "CHUNKING")

Tls = Literal["off", "starttls", "implicit"]


class Options:
    """What a peer is when no script interferes."""

    def __init__(
        self,
        *,
        tls: Tls,
        certificate: Kind,
        tls_version: ssl.TLSVersion | None,
        client_certificate: bool,
        auth: tuple[str, str] | None,
        mechanisms: Iterable[str],
        require_auth: bool,
        extensions: Iterable[str],
        without: str,
        lmtp: bool,
        name: str,
    ) -> None:
        self.tls = tls
        self.auth = auth
        self.mechanisms = tuple(mechanisms)
        self.require_auth = require_auth
        self.extensions = [line for line in extensions if line.split()[0] not in without.split()]
        self.lmtp = lmtp
        self.name = name
        self._context: ssl.SSLContext | None = None
        if tls != "off":
            self._context = certificates().server_context(
                certificate, version=tls_version, client_certificate=client_certificate
            )

    def tls_context(self) -> ssl.SSLContext:
        """Return the server's TLS context; a script may have offered STARTTLS where the options do not."""
        if self._context is None:
            self._context = certificates().server_context()
        return self._context


class Peer:
    """A scripted SMTP or LMTP server on loopback, with a thread and an event loop of its own.

    Args:
        on: the script, by step.
        sessions: scripts for single connections, counted from 1; they win over `on`.
        tls: offer STARTTLS, or speak TLS from the first byte, or neither.
        certificate: which one to show: `good expired wrong_host self_signed`.
        tls_version: speak only this version, such as `ssl.TLSVersion.TLSv1`.
        client_certificate: demand one that `certificates().ca_file` signed.
        auth: user and password (or OAuth token); AUTH is offered once the connection is encrypted,
            or at once with `tls="off"`.
        mechanisms: the AUTH mechanisms to offer.
        require_auth: refuse MAIL before AUTH (when `auth` is given).
        extensions: the EHLO lines to offer, besides STARTTLS and AUTH.
        without: names of extensions to leave out, separated by spaces.
        lmtp: speak LMTP.
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        path: listen on this Unix socket instead; `host` is the path then.
        receive_buffer: bytes the kernel may hold unread, to make a client's writes block early.
        strict: fail at the end when a client violated the protocol, or never came to a step of `on`.

    """

    def __init__(
        self,
        on: Script | None = None,
        *,
        sessions: dict[int, Script] | None = None,
        tls: Tls = "off",
        certificate: Kind = "good",
        tls_version: ssl.TLSVersion | None = None,
        client_certificate: bool = False,
        auth: tuple[str, str] | None = None,
        mechanisms: Iterable[str] = MECHANISMS,
        require_auth: bool = True,
        extensions: Iterable[str] = EXTENSIONS,
        without: str = "",
        lmtp: bool = False,
        name: str = "peer.test",
        host: str = "127.0.0.1",
        port: int = 0,
        path: str | Path | None = None,
        receive_buffer: int | None = None,
        strict: bool = True,
    ) -> None:
        self.options = Options(
            tls=tls,
            certificate=certificate,
            tls_version=tls_version,
            client_certificate=client_certificate,
            auth=auth,
            mechanisms=mechanisms,
            require_auth=require_auth,
            extensions=extensions,
            without=without,
            lmtp=lmtp,
            name=name,
        )
        self.chooser = Chooser(on or {}, sessions or {})
        self._sessions: list[Session] = []
        self._messages: list[Submission] = []
        self.host, self.port = (str(path), 0) if path else (host, port)
        self.strict = strict
        self._receive_buffer = receive_buffer
        self._errors: list[BaseException] = []
        self._thread: threading.Thread | None = None

    # --- what happened -----------------------------------------------------------------------

    @property
    def address(self) -> str:
        """`host:port`, as it stands in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def ca_file(self) -> str:
        """The authority that signed the good certificate."""
        return certificates().ca_file

    @property
    def sessions(self) -> list[Session]:
        """The connections, oldest first."""
        self.settle()
        return self._sessions

    @property
    def messages(self) -> list[Submission]:
        """What was submitted completely over all connections, in order."""
        self.settle()
        return self._messages

    @property
    def connections(self) -> int:
        """How many connections were made."""
        return len(self.sessions)

    @property
    def submissions(self) -> int:
        """How many messages arrived completely, whatever was answered."""
        return len(self.messages)

    @property
    def violations(self) -> list[str]:
        """What clients did against the protocol."""
        return [f"session {session.number}: {what}" for session in self.sessions for what in session.violations]

    def count(self, verb: str) -> int:
        """Return how often this verb was said, over all sessions."""
        return sum(session.verbs.count(verb) for session in self.sessions)

    def settle(self) -> None:
        """Wait until everything that has arrived is recorded; fail after `PATIENCE` seconds.

        Every connection the kernel has completed is accepted, and every session has taken in what was
        there, or is over, or pauses by its script (`Session.at_rest`). Sessions whose clients talk on are
        at work again when this returns. In the peer's own thread, where scripts run, and after the end it
        does nothing.
        """
        if self._thread is None or threading.current_thread() is self._thread:
            return
        settled = asyncio.run_coroutine_threadsafe(self._settle(), self.loop)
        try:
            settled.result(PATIENCE)
        except TimeoutError:
            settled.cancel()
            raise AssertionError(f"the peer did not settle within {PATIENCE} s: {self._sessions}") from None

    def wait_for(self, condition: Callable[[Peer], object], timeout: float = PATIENCE) -> None:
        """Wait until `condition(peer)` holds; fail after `timeout` seconds."""
        end = time.monotonic() + timeout
        while not condition(self):
            if time.monotonic() > end:
                raise AssertionError(f"did not happen within {timeout} s; the peer saw {self._sessions}")
            time.sleep(0.002)

    # --- life --------------------------------------------------------------------------------

    def start(self) -> Self:
        """Listen."""
        self._listener = self._listen()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name=f"peer {self.address}", daemon=True)
        self._thread.start()
        if not started.wait(PATIENCE):
            raise AssertionError("the peer did not start")
        return self

    def stop(self) -> None:
        """Record what has arrived, end every session and the thread; fail if the script itself was at fault."""
        try:
            self.settle()
        finally:
            self._end_thread()
        if self._errors:
            raise self._errors[0]

    def _end_thread(self) -> None:
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        self.loop.call_soon_threadsafe(self._stopping.set)
        thread.join(PATIENCE)
        if thread.is_alive():
            raise AssertionError(f"the peer did not stop within {PATIENCE} s")

    def check(self) -> None:
        """Fail if a client violated the protocol, or if none came to a step of the script."""
        if self.strict and self.violations:
            raise AssertionError("the client violated the protocol:\n  " + "\n  ".join(self.violations))
        if self.strict and (steps := self.chooser.unreached):
            raise AssertionError(f"nothing came to the scripted {', '.join(steps)}; the peer saw {self.sessions}")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        if kind is None:
            self.check()

    def _listen(self) -> socket.socket:
        family = socket.AF_UNIX if self.port == 0 and "/" in self.host else socket.AF_INET
        if ":" in self.host:
            family = socket.AF_INET6
        listener = socket.socket(family)
        try:
            if family != socket.AF_UNIX:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._receive_buffer:
                # Inherited by accepted sockets only when it is set before listen (tcp(7)).
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
            listener.bind(self.host if family == socket.AF_UNIX else (self.host, self.port))
            listener.listen(128)
        except OSError:
            listener.close()
            raise
        listener.setblocking(False)
        if family != socket.AF_UNIX:
            self.port = listener.getsockname()[1]
        return listener

    def _run(self, started: threading.Event) -> None:
        asyncio.run(self._serve(started))

    async def _serve(self, started: threading.Event) -> None:
        self.loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._talking: set[asyncio.Task[None]] = set()
        self.loop.add_reader(self._listener, self._accept)
        started.set()
        with self._listener:
            await self._stopping.wait()
            self.loop.remove_reader(self._listener)
            await self._hang_up()
        if self.port == 0:
            os.unlink(self.host)

    def _accept(self) -> None:
        """Take every connection that the kernel has completed, in one go: none is ever half taken."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._talk(self._listener.accept()[0])

    def _talk(self, connection: socket.socket) -> None:
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(self, Wire(connection), len(self._sessions) + 1)
        self._sessions.append(session)
        task = self.loop.create_task(session.run())
        self._talking.add(task)
        task.add_done_callback(self._talking.discard)
        task.add_done_callback(self._note_error)

    async def _settle(self) -> None:
        self._accept()  # the loop itself may not have looked at the listener yet
        asked = [(session, session.wire.lulls) for session in self._sessions]
        for session, lulls in asked:
            # A client that talks on may never be seen at rest, but its session runs dry between two commands.
            while not session.at_rest and session.wire.lulls == lulls:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0)

    async def _hang_up(self) -> None:
        tasks = list(self._talking)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for session in self._sessions:
            session.close()  # a session that was cancelled before it began has not

    def _note_error(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._errors.append(error)
