"""`Session`: one SMTP connection and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailbridge.errors import ConnectFailed, MailError, ProtocolError, TimedOut
from mailbridge.flow.operations import Close, Flow, Read, Stream, Write
from mailbridge.redaction import mask
from mailbridge.smtp.extensions import Extensions
from mailbridge.smtp.reply import Reply, ReplyParser
from mailbridge.transcript import Transcript

QUIT_TIMEOUT = 2.0
TAIL = 40  # lines of dialogue kept for the errors


class Session:
    """One connection: its stream, the server's extensions, its age, the last lines said.

    Args:
        clock: reads the monotonic clock, in seconds.
        quit_timeout: seconds to wait for the answer to QUIT.

    `failure` is the error that ended the connection, if one did. `closing` says that the server said
    421, or something that cannot be. A session with either, or with half a reply, is never used
    again. `dirty` says that a refused transaction may still be open on the server, so that RSET has
    to come before the next MAIL. `messages` counts the messages rendered for the connection,
    `answered` those whose content got an answer; `last` is what was said last. `windowed` says that
    BDAT may still be said ahead of the answers.
    """

    __slots__ = (
        "_read",
        "answered",
        "clock",
        "closing",
        "dirty",
        "extensions",
        "failure",
        "greeting",
        "last",
        "lines",
        "lmtp",
        "messages",
        "opened",
        "parser",
        "quit_timeout",
        "reused",
        "stream",
        "transcript",
        "used",
        "windowed",
    )

    def __init__(
        self,
        stream: Stream,
        clock: Callable[[], float],
        *,
        lmtp: bool = False,
        opened: float = 0.0,
        quit_timeout: float = QUIT_TIMEOUT,
    ) -> None:
        self.stream = stream
        self.clock = clock
        self._read = Read(stream)
        self.lmtp = lmtp
        self.parser = ReplyParser()
        self.extensions = Extensions()
        self.greeting = ""
        self.failure: MailError | None = None
        self.closing = self.dirty = False
        self.last: Reply | None = None
        self.quit_timeout = quit_timeout
        self.messages = self.answered = 0
        self.opened = self.used = opened
        self.reused = False
        self.windowed = True
        self.lines: list[str] = []
        self.transcript: Transcript | None = None

    @property
    def usable(self) -> bool:
        """Whether another transaction may begin on this connection."""
        return not self.closing and self.failure is None and not self.parser.mid_reply

    @property
    def sound(self) -> bool:
        """Whether what was begun on this connection may be brought to its end."""
        return self.failure is None and not self.parser.mid_reply

    @property
    def hung_up(self) -> bool:
        """Whether the connection ended with 421 as the server's last word: it read nothing further."""
        if self.parser.mid_reply:  # it went on to answer something
            return False
        return isinstance(self.failure, ConnectFailed) and self.last is not None and self.last.code == 421

    def exchange(
        self, data: Sequence[bytes], count: int, timeout: float, dialogue: list[bytes | Reply] | None = None
    ) -> Flow[list[Reply]]:
        """Send `data` and return the `count` replies to it, fewer if the connection ends before.

        Then `failure` says why. More replies than asked for are a failure as well. The replies are kept in
        `dialogue` too.
        """
        try:
            yield Write(self.stream, data, timeout)
        except (ConnectFailed, TimedOut) as error:
            self.broke(error)
        replies = yield from self.collect(count)
        if len(replies) > count:
            self.unasked(replies[count:])
            del replies[count:]
        if dialogue is not None:
            dialogue += replies
        return replies

    def unasked(self, replies: Sequence[Reply]) -> None:
        """Note replies to nothing: what they would be taken for next is the fate of somebody's mail."""
        if replies:
            self.failure = self.failure or ProtocolError("The server said more than it was asked.")

    def broke(self, error: MailError) -> None:
        """Note, instead of raising it, why a write failed: what was said before can still be read."""
        self.failure = error.with_traceback(None)  # its frames hold what was being written: somebody's mail

    def collect(self, count: int) -> Flow[list[Reply]]:
        """Return at least `count` replies and whatever else has arrived; fewer if the connection ends."""
        replies: list[Reply] = []
        parser = self.parser
        while len(replies) < count and parser.broken is None:
            try:
                received = yield self._read
            except (ConnectFailed, TimedOut) as error:
                self.failure = self.failure or error.with_traceback(None)  # as in `broke`
                break
            if not received:
                self.failure = self.failure or ConnectFailed("The server closed the connection.")
                break
            heard = parser.feed(received)
            replies = replies + heard if replies else heard
        if parser.broken is not None and len(replies) < count:
            self.failure = self.failure or parser.broken
        if replies:
            self.last = replies[-1]
        return replies

    def command(
        self, line: bytes, timeout: float, *, shown: str | None = None, veil: Callable[[Reply], Reply] | None = None
    ) -> Flow[Reply]:
        """Send one command and return its reply; `shown` replaces its text in the dialogue.

        `veil` masks what a reply may repeat. Raises the connection's failure.
        """
        self.note("C", shown if shown is not None else line.decode("utf-8", "replace").rstrip())
        replies = yield from self.exchange((line,) if line else (), 1, timeout)
        if not replies:
            raise self.failure or ConnectFailed("The server closed the connection.")
        reply = replies[0] if veil is None else veil(replies[0])
        self.note_reply(reply)
        return reply

    def alive(self, timeout: float) -> Flow[bool]:
        """Ask an idle connection whether it still lives (NOOP)."""
        if not self.usable:
            return False
        replies = yield from self.exchange((b"NOOP\r\n",), 1, timeout)
        self.closing = not (replies and replies[0].positive)
        return self.usable

    def quit(self) -> Flow[None]:
        """Say QUIT where that can be heard, and close; never raises, never waits for long."""
        if self.usable:
            yield from self.exchange((b"QUIT\r\n",), 1, self.quit_timeout)
        yield Close(self.stream)

    def note(self, direction: str, text: str) -> None:
        """Keep a line for errors, and for the transcript if somebody asked for one."""
        if not text:
            return
        self.lines.append(mask(f"{direction}: {text}"))
        if len(self.lines) > TAIL:
            del self.lines[0]
        if self.transcript is not None:
            self.transcript.add((self.clock() - self.opened) * 1000, direction, text)  # type: ignore[arg-type]

    def note_reply(self, reply: Reply) -> None:
        """Keep a reply, line by line."""
        last = len(reply.lines) - 1
        for number, line in enumerate(reply.lines):
            code = f"{reply.code}{' ' if number == last else '-'}"
            if reply.code == 334:  # a challenge tells a person nothing, and may quote the user name
                line = "********"
            self.note("S", code + (f"{reply.enhanced} " if reply.enhanced else "") + line)
