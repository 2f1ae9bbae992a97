"""`Trial`: one fault, one outcome, and what has to hold whatever the fault was.

    def test_the_server_is_busy(trial, peer):
        busy = peer({"CONNECT": reply("421 4.3.2 busy") + drop()})
        error = trial.fails(busy, "T", ServerError, phase="connect", code=421)

Every call checks: the outcome comes within the deadline and a second; no error, transcript, pickle, log
record or traceback with its variables shows the password or the message's text; the class of the error
says what its letter in the catalogue of faults promises.
"""

from __future__ import annotations

import logging
import pickle
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from support.colour import Colour
from support.peer import End, Peer, Session

from mailbridge.errors import MailError
from mailbridge.mailer import Mailer
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt

USER = "ann"
PASSWORD = "pass-canary-7Qx"
BODY = "body-canary-3Zk"
LIMIT = 0.5  # seconds; for servers that stall
QUICK = f"timeout={LIMIT}&final_timeout={LIMIT}&greeting_timeout={LIMIT}&connect_timeout={LIMIT}"
CONNECTED = f"timeout={LIMIT}&final_timeout={LIMIT}&greeting_timeout=10&connect_timeout=10"
"""For servers that stall later on: a machine with other work may let a greeting wait longer than LIMIT."""

LETTERS: dict[str, tuple[set[str], set[str], set[str], str]] = {
    # retry, fail_over, trips_breaker, outbox
    "T": ({"yes", "later"}, {"yes", "no"}, {"yes", "soft", "no"}, "retry"),
    "P": ({"no"}, {"no", "configurable", "declared"}, {"no"}, "dead"),
    "A": ({"keyed"}, {"no"}, {"yes"}, "unknown"),
    "C": ({"no"}, {"yes"}, {"long"}, "hold"),
}
"""What an error of each letter of the catalogue of faults permits: transient, permanent, ambiguous, configuration."""


def message(*to: str, **fields: Any) -> Message:
    """Return a message to `ann@example.org` or others, with a text that nobody should ever read in a log."""
    fields = {"from_": "shop@example.com", "subject": "Hi", "text": f"Hello, {BODY}\n"} | fields
    return Message(to=to or ("ann@example.org",), **fields)


def numbered(count: int, *, both: bool = False, **fields: Any) -> list[Message]:
    """Return messages that can be told apart, `Subject: number 3.` to `u3@example.org` (and `v3@`)."""
    return [
        message(
            f"u{number}@example.org",
            *([f"v{number}@example.org"] if both else []),
            subject=f"number {number}.",
            **fields,
        )
        for number in range(count)
    ]


class Trial:
    """Sends in one colour and checks what holds for every fault."""

    def __init__(self, colour: Colour, log: pytest.LogCaptureFixture) -> None:
        self.colour = colour
        self.log = log
        log.set_level(logging.DEBUG, logger="mailbridge")

    def mailer(self, peer: Peer | str, query: str = "", *, login: bool = False, **options: Any) -> Mailer:
        """Return a mailer for a peer (or an address)."""
        address = peer if isinstance(peer, str) else peer.address
        who = f"{USER}:{PASSWORD}@" if login else ""
        scheme = "lmtp" if isinstance(peer, Peer) and peer.options.lmtp else "smtp"
        return Mailer(f"{scheme}://{who}{address}{f'?{query}' if query else ''}", **options)

    @contextmanager
    def using(self, mailer: Mailer | str, query: str = "") -> Iterator[Mailer]:
        """Hold a mailer open."""
        with self.colour.using(self.mailer(mailer, query) if isinstance(mailer, str) else mailer) as held:
            yield held

    def send(self, mailer: Mailer, mail: Message | None = None, *, within: float = 5.0) -> Receipt | MailError:
        """Send one message and return the outcome."""
        with self.watched(within):
            try:
                return self.colour.send(mailer, mail or message())  # type: ignore[no-any-return]
            except MailError as error:
                self.check(error)
                return error

    def send_many(self, mailer: Mailer, mails: Iterable[Message], *, within: float = 10.0) -> list[Receipt | MailError]:
        """Send many and return the outcomes."""
        with self.watched(within):
            outcomes: list[Receipt | MailError] = self.colour.send_many(mailer, mails)
        for outcome in outcomes:
            if isinstance(outcome, MailError):
                self.check(outcome)
        return outcomes

    def fails(
        self,
        target: Mailer | Peer,
        letter: str,
        kind: type[MailError],
        *,
        mail: Message | None = None,
        within: float = 5.0,
        query: str = "",
        **facts: Any,
    ) -> MailError:
        """Send one message, and return the error, which has to be of this letter, class and facts."""
        mailer = self.mailer(target, query) if isinstance(target, Peer) else target
        if isinstance(target, Peer):
            with self.colour.using(mailer):
                error = self.send(mailer, mail, within=within)
        else:
            error = self.send(mailer, mail, within=within)
        assert type(error) is kind, (error, getattr(error, "transcript", ()))
        expect(error, letter, **facts)
        return error

    @contextmanager
    def watched(self, within: float) -> Iterator[None]:
        """Allow `within` seconds and one more, and let nothing secret be logged meanwhile."""
        begun = time.monotonic()
        yield
        spent = time.monotonic() - begun
        assert spent <= within + 1.0, f"took {spent:.2f} s instead of {within} s"
        for record in self.log.records:
            unseen(record.getMessage(), repr(vars(record)))

    @staticmethod
    def check(error: MailError) -> None:
        """Fail if an error shows what nobody should see, or does not survive pickling."""
        unseen(
            str(error),
            repr(error),
            repr(vars(error)),
            "\n".join(error.transcript),
            "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()),
            *map(str, error.attempts),
        )
        pickled = pickle.dumps(error)
        unseen(pickled.decode("latin-1"))
        revived = pickle.loads(pickled)  # noqa: S301 - our own
        assert (type(revived), revived.text, revived.code) == (type(error), error.text, error.code)


def unseen(*texts: str) -> None:
    """Fail if a text shows the password or the message."""
    for text in texts:
        assert PASSWORD not in text
        assert BODY not in text


def expect(error: Any, letter: str, **facts: Any) -> None:
    """Check that an error permits what its letter promises, and states these facts."""
    assert isinstance(error, MailError), error
    retry, fail_over, breaker, outbox = LETTERS[letter]
    said = (error.retry, error.fail_over, error.trips_breaker, error.outbox)
    assert error.retry in retry, (error, said)
    assert error.fail_over in fail_over, (error, said)
    assert error.trips_breaker in breaker, (error, said)
    assert error.outbox == outbox, (error, said)
    assert {name: getattr(error, name) for name in facts} == facts, error.transcript


def left(session: Session) -> bool:
    """Whether the client closed the connection without a word: what befits one that cannot be trusted."""
    return session.end in (End.EOF, End.RST)


def fates(outcomes: Iterable[Receipt | MailError]) -> list[str]:
    """Return `ok` or the class of the error, one for each outcome."""
    return ["ok" if isinstance(outcome, Receipt) else type(outcome).__name__ for outcome in outcomes]
