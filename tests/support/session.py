"""`Session`: one connection to a scripted peer, as it went."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable
from typing import TYPE_CHECKING, NamedTuple

from support.dialogue import Dialogue
from support.script import Action, End, Ended
from support.wire import Wire

if TYPE_CHECKING:
    from support.peer import Peer

PATIENCE = 10.0
"""Seconds a test waits for something the peer should see soon."""


class Command(NamedTuple):
    """One line of the client: `verb` in capitals, the rest as sent; continuations of AUTH are RESPONSE."""

    verb: str
    argument: str
    line: bytes
    encrypted: bool


class Step:
    """A moment at which a script may act."""

    def __init__(self, session: Session, verb: str, argument: str | bytes = "") -> None:
        self.session = session
        self.verb = verb
        self._argument = argument

    @property
    def argument(self) -> str:
        """What follows the verb; at `.` the message, in LMTP the recipient answered for."""
        return self._argument if isinstance(self._argument, str) else self._argument.decode("latin-1")

    def __repr__(self) -> str:
        return f"Step({self.verb} {self.argument[:60]})"


class Submission:
    """A message whose last byte arrived.

    `raw` is what travelled, dots still stuffed and without the final dot; `data` what was meant.
    `codes` are the answers the client was given (one for each recipient in LMTP), empty when none.
    """

    def __init__(self, session: Session, raw: bytes, data: bytes, *, chunked: bool) -> None:
        self.session = session
        self.sender = session.sender or ""
        self.mail_parameters = session.mail_parameters
        self.recipients = tuple(session.recipients)
        self.recipient_parameters = dict(session.recipients)
        self.raw = raw
        self.data = data
        self.chunked = chunked
        self.encrypted = session.wire.encrypted
        self.user = session.user
        self.codes: list[int] = []

    @property
    def accepted(self) -> bool:
        """Whether the client was told so."""
        return any(200 <= code < 300 for code in self.codes)

    def __repr__(self) -> str:
        return f"Submission({self.sender} -> {', '.join(self.recipients)}, {len(self.data)} bytes, {self.codes})"


class Session:
    """One connection: what was received, said and understood, and how it ended.

    Written by the peer's thread. Reached through `Peer.sessions` it shows everything that had arrived by
    then; one that was kept while its client went on may lag behind.

    Attributes:
        number: 1 for the peer's first connection.
        received: every byte the client sent, decrypted, in order.
        cleartext: those that came unencrypted.
        segments: the same bytes as they arrived, one item for each read.
        commands: the client's lines outside of bodies.
        messages: what was submitted completely.
        violations: what the client did against the protocol.
        user: the authenticated user, if any.
        tls_error: why the handshake failed.
        tls_version: as negotiated, such as `TLSv1.3`.
    """

    def __init__(self, peer: Peer, wire: Wire, number: int) -> None:
        self.peer = peer
        self.wire = wire
        self.number = number
        self.received = bytearray()
        self.cleartext = bytearray()
        self.segments: list[bytes] = []
        self.commands: list[Command] = []
        self.messages: list[Submission] = []
        self.violations: list[str] = []
        self.user: str | None = None
        self.tls_error = ""
        self.tls_version = ""
        self.flooded = 0
        self.sender: str | None = None
        self.mail_parameters: dict[str, str] = {}
        self.recipients: dict[str, dict[str, str]] = {}
        self.offered: dict[str, str] = {}
        self.buffer = bytearray()
        self.dialogue = Dialogue(self)
        self._unsent = bytearray()
        self._said = bytearray()
        self._end = End.OPEN
        self._over = threading.Event()
        self._pausing = False

    @property
    def verbs(self) -> list[str]:
        """The verbs of the commands, in order."""
        return [command.verb for command in self.commands]

    @property
    def open(self) -> bool:
        """Whether the connection still stands."""
        return not self._over.is_set()

    @property
    def end(self) -> End:
        """How the session ended; waits for the end, and fails when it does not come."""
        if not self._over.wait(PATIENCE):
            raise AssertionError(f"session {self.number} is still open after {PATIENCE} s")
        return self._end

    @property
    def at_rest(self) -> bool:
        """Whether nothing is to be done: it is over, or waits for the client, or pauses by its script.

        For the peer's thread. Bytes that a script leaves unread (`delay`, `freeze`) do not count as work.
        """
        return not self.open or self._pausing or self.wire.blocked

    async def pause(self, waiting: Awaitable[object]) -> None:
        """Wait for something other than the client, as a script wants; the session is at rest meanwhile."""
        self._pausing = True
        try:
            await waiting
        finally:
            self._pausing = False

    def interject(self, action: Action) -> None:
        """Do something unasked between two commands, such as `reply("421 idle") + drop()`; returns when done."""
        asyncio.run_coroutine_threadsafe(self._interject(action), self.peer.loop).result(PATIENCE)

    async def _interject(self, action: Action) -> None:
        try:
            await action.perform(self, Step(self, "INTERJECTION"))
            await self.flush()
        except Ended as ended:
            self._finish(ended.end)

    async def run(self) -> None:
        """Hold the whole conversation."""
        try:
            await self.dialogue.hold()
        except Ended as ended:
            self._finish(ended.end)
        except ssl.SSLError as error:
            self.tls_error = str(error)
            self._finish(End.TLS)
        except OSError:
            self._finish(End.RST)
        except asyncio.CancelledError:
            self._finish(self._unnoticed_end())
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection and say that it is over; a second time changes nothing."""
        self.wire.close()
        self._over.set()

    def _finish(self, end: End) -> None:
        if self._end is End.OPEN:
            self._end = end

    def _unnoticed_end(self) -> End:
        """Tell whether the client had gone while the peer was busy not reading."""
        self.note(self.wire.close())
        if self.wire.peer_reset:
            return End.RST
        return End.EOF if self.wire.peer_closed else End.OPEN

    def say(self, data: bytes) -> None:
        """Add to what the current step says; it leaves at the next flush."""
        self._unsent += data
        self._said += data

    def take_said(self) -> bytes:
        """Return what was said since the last call."""
        said, self._said = bytes(self._said), bytearray()
        return said

    async def flush(self) -> None:
        """Send what was said, in one write."""
        if self._unsent:
            data, self._unsent = bytes(self._unsent), bytearray()
            await self.wire.write(data)

    async def fill(self) -> None:
        """Send what was said, then wait for more from the client."""
        await self.flush()
        data = await self.wire.read()
        if not data:
            raise Ended(End.EOF)
        self.note(data)
        self.buffer += data

    def note(self, data: bytes) -> None:
        """Record bytes of the client."""
        if data:
            self.segments.append(data)
            self.received += data
            if not self.wire.encrypted:
                self.cleartext += data

    async def line(self) -> bytes:
        """Return the next line without its line end."""
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > 2**20:
                raise Ended(End.DROPPED)
            await self.fill()
        line = bytes(self.buffer[: end + 1])
        del self.buffer[: end + 1]
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            self.violated(f"bare CR or LF in {line!r}")
        return line.rstrip(b"\r\n")

    def violated(self, what: str) -> None:
        """Record a breach of the protocol by the client (TLS spoken to a plain port is not one)."""
        if not self.received.startswith(b"\x16\x03"):
            self.violations.append(what)

    def __repr__(self) -> str:
        return f"Session({self.number}: {' '.join(self.verbs)}; {'open' if self.open else self._end})"
