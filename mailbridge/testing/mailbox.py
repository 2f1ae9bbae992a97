"""`Mailbox`: the mails of one test, in place of sending them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mailbridge.errors import ConfigError, MailError
from mailbridge.receipt import Attempt
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.transport import Transport
from mailbridge.testing.assertions import Assertions
from mailbridge.testing.catching import Catch, Handover, stand_in
from mailbridge.testing.clock import Clock
from mailbridge.testing.faults import SERVER_ERROR, Error, Fault, Faults, Planned
from mailbridge.testing.interception import intercept, release
from mailbridge.testing.joining import join, passing_by
from mailbridge.testing.ownership import Owner, adopt, owner_of, share
from mailbridge.testing.sent import SentMail

if TYPE_CHECKING:
    from asyncio import Task
    from typing import Any

__all__ = ["Mailbox", "current"]


class Mailbox(Assertions):
    """Catches what a test sends, whichever Mailer and transport the application uses, while it is open.

    Hooks, checks, policies and receipts are those of production; only what would leave this machine does not.
    A transport that reaches nobody (`memory://`, `file://`) does its work as well. Whose mail it is when
    several tests or threads are at work, `mailbridge.testing.ownership` says.

    Args:
        name: what it is called in errors.

    >>> from mailbridge import Mailer, Message
    >>> mailer = Mailer("smtp://mail.example.com")
    >>> with Mailbox() as mailbox:
    ...     receipt = mailer.send(Message(from_="app@example.com", to="ann@example.org", subject="Hi"))
    >>> mailbox.assert_sent(to="ann@example.org").subject
    'Hi'
    """

    def __init__(self, name: str = "a mailbox") -> None:
        super().__init__()
        self.name = name
        self._sent: list[SentMail] = []
        self._failed: list[SentMail] = []
        self._faults = Faults()
        self._clock = Clock()
        self._catch = Catch(f"caught by mailbridge.testing ({name}), not sent", self._faults, self._clock, self._take)
        # By identity, each with what it stands for, so that no other object gets that identity meanwhile.
        self._stand_ins: dict[int, tuple[Transport, Transport]] = {}
        self._making = threading.Lock()
        self._owner = Owner(name, self, self._instead)
        self._joined = ExitStack()

    def open(self) -> Self:
        """Catch from now on. Raises ConfigError if it is open already."""
        if self._owner.is_open:
            raise ConfigError(f"The mailbox of {self.name} is open already.", hints=["Give each test its own."])
        intercept(self._owner)
        try:
            self._joined = join(self)
        except BaseException:
            release(self._owner)
            raise
        return self

    def close(self) -> None:
        """Catch nothing any more; what was caught stays."""
        try:
            self._joined.close()
        finally:
            release(self._owner)

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- what was caught

    @property
    def sent(self) -> tuple[SentMail, ...]:
        """The mails that were sent, in the order in which they got a receipt."""
        return tuple(self._sent)

    @property
    def failed(self) -> tuple[SentMail, ...]:
        """The mails that came to a transport and ended with an error, `mail.error`."""
        return tuple(self._failed)

    def __iter__(self) -> Iterator[SentMail]:
        return iter(self.sent)

    def __len__(self) -> int:
        return len(self._sent)

    def __bool__(self) -> bool:
        return True  # an empty mailbox is one, too

    def clear(self) -> None:
        """Forget what was caught; faults stay."""
        self._sent.clear()
        self._failed.clear()

    def attempts(self, mail: SentMail) -> tuple[Attempt, ...]:
        """Return every attempt to send a mail, failed ones included, oldest first."""
        told = mail.receipt or mail.error
        return () if told is None else tuple(told.attempts)

    def keep(self, mail: SentMail) -> None:
        """Take a mail that did not come through a Mailer; for adapters (`mailbridge.testing.joining`)."""
        (self._sent if mail.error is None else self._failed).append(mail)
        self._changes.announce()

    # --- whose it is

    def allow(self, *whom: threading.Thread | int | Task[Any] | Mapping[str, str]) -> None:
        """Let messages be this mailbox's, whatever their context: those of a thread (or its `ident`), of a task of
        asyncio, or with these header fields. Without arguments: what the calling context sends from now on.

        >>> with Mailbox() as mailbox:
        ...     mailbox.allow({"X-Test": "7"})
        """
        if not whom:
            adopt(self._owner)
        for each in whom:
            if isinstance(each, Mapping):
                self._owner.headers.update((name.lower(), value) for name, value in each.items())
            elif isinstance(each, int | threading.Thread) or hasattr(each, "get_coro"):
                self._owner.allowed.add(each)
            else:
                raise TypeError(f"allow() takes threads, tasks and header fields, not {each!r}")

    def shared(self) -> None:
        """Let messages of contexts without a mailbox be this one's, also while others are open.

        Raises ConfigError if another open mailbox is shared already.
        """
        share(self._owner)

    # --- what goes wrong

    def fail_next(self, *errors: Error | None, backend: str | None = None) -> None:
        """Let the next attempts end with these errors, one each; None is an attempt that succeeds.

        Without any, it is a ServerError.

        A RecipientRefused or RecipientDeferred that names recipients, `RecipientRefused("ann@example.org")`, waits
        for an attempt to one of them, and refuses only those it names. `backend` is the name of a mailer, a kind of
        transport (`ses`), or a transport as receipts print it.
        """
        self._faults.queue(errors or (SERVER_ERROR,), backend)

    def fail(
        self, error: Error = SERVER_ERROR, *, backend: str | None = None, rate: float = 1.0, seed: int = 0
    ) -> Fault:
        """Let attempts end with an error until `end()` of what is returned, or the end of a `with` block over it.

        Args:
            error: the error, ServerError by default; each attempt gets a copy of it.
            backend: as in `fail_next`.
            rate: the share of attempts that fail, from 0.0 to 1.0.
            seed: another seed chooses other attempts; the same one always the same ones.
        """
        fault = Fault(Planned(error), backend, rate, seed)
        self._faults.last(fault)
        return fault

    def delay(self, seconds: float) -> None:
        """Let every attempt from now on take so long, in real time; 0 ends it."""
        if seconds < 0:
            raise ValueError(f"delay is a number of seconds, not {seconds!r}")
        self._faults.delay = seconds

    def heal(self) -> None:
        """Forget every fault and the delay."""
        self._faults.end()

    # --- the time that policies see

    @property
    def waited(self) -> float:
        """How long policies have waited, in seconds: that time is not spent, their clock is moved on instead."""
        return self._clock.ahead

    def pass_time(self, seconds: float) -> None:
        """Move the clock of policies on, so that a transport that was left alone is tried again, say."""
        if seconds < 0:
            raise ValueError(f"time passes by a number of seconds, not by {seconds!r}")
        self._clock.ahead += seconds

    # --- catching

    def _instead(self, transport: Transport) -> Transport:
        known = self._stand_ins.get(id(transport))
        if known is None:
            with self._making:  # two of them would be two breakers
                known = self._stand_ins.get(id(transport)) or (transport, stand_in(transport, self._catch))
                self._stand_ins[id(transport)] = known
        return known[1]

    def _take(self, delivery: Delivery, outcome: Outcome, handed: Handover | None) -> None:
        transport = "" if handed is None else handed.transport
        if isinstance(outcome, MailError):
            self.keep(SentMail(delivery.message, mailer=delivery.mailer, transport=transport, error=outcome))
        # Else a policy answered by itself: a guard lets nobody have it.
        elif handed is not None and handed.accepted:
            message = handed.delivery.message
            self.keep(SentMail(message, mailer=delivery.mailer, transport=transport, receipt=outcome, raw=handed.mime))

    def _notes(self) -> Iterator[str]:
        if left := len(self._faults):
            yield f"{left} {'fault' if left == 1 else 'faults'} of fail_next did not happen."
        yield from passing_by()

    def __repr__(self) -> str:
        return f"Mailbox({self.name!r}: {len(self._sent)} sent, {len(self._failed)} failed)"


def current() -> Mailbox | None:
    """Return the open mailbox that would own a message sent here and now; None if none would."""
    owner = owner_of()
    return owner.mailbox if isinstance(owner, Owner) else None
