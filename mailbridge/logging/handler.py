"""`MailHandler`: mails log records to people."""

from __future__ import annotations

import atexit
import logging
import os
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from mailbridge.errors import ConfigError, MessageInvalid
from mailbridge.logging.courier import Courier, mailing
from mailbridge.logging.letter import Letter, of_digest, of_record, summary_of
from mailbridge.logging.repetition import Repetitions, kind_of
from mailbridge.message.address import AddressLike, address, addresses
from mailbridge.message.message import Message
from mailbridge.redaction import mask
from mailbridge.secret import Secret

if TYPE_CHECKING:
    from typing import Unpack

    from mailbridge.message.fields import Changes

_log = logging.getLogger("mailbridge.logging")
_OURS = "mailbridge"


class Sender(Protocol):
    """What a handler mails by: a `Mailer`, or anything with these two methods of it."""

    def message(self, **fields: Unpack[Changes]) -> Message:
        """Make a message with the defaults of the mailer."""

    def send(self, message: Message, *, via: str | None = None) -> Any:
        """Send it."""


class MailHandler(logging.Handler):
    """Mails log records to people, few enough that they read them.

    The first record of a kind (same place in the code, same exception) is mailed; more like it are counted for
    `interval` seconds and told in one mail: "12 more like ERROR: …". No more than `limit` records are mailed in
    that time. Credentials are masked in messages and tracebacks, and the mails are `sensitive`: nothing of them is
    logged or stored.

    It never raises into the program, and never mails about itself: what mailbridge logs is left out, and so is
    what anything logs while a record is being mailed. A mail that fails is a warning on `mailbridge.logging`, and is
    told in the next one that arrives. What waits when the program ends is sent then; that may take `patience` seconds.

    Args:
        mailer: what to send by; a DSN for a Mailer of its own, or nothing for one of the settings (environment,
            `mailbridge.toml`), made when the first record comes.
        to: who gets the mails.
        from_: their author; by default the mailer's `default_from`.
        prefix: what each subject begins with, in brackets: the name of the application.
        via: the mailer to use, by name.
        level: the least level of records that are mailed.
        background: whether to mail in a thread of its own. Otherwise whoever logs waits for the server; what was
            counted is then told with the next record, or at the end.
        interval: for how long more of a kind is only counted, in seconds.
        limit: how many records are mailed in that time.
        capacity: how many mails may wait; more are lost, and their number is told.
        patience: for how long `flush`, and the end of the program, wait for mails, in seconds.
        clock: says the time, in seconds.

    Subclasses may add `details` to a record, or have more to hide (`redacted`). Raises ConfigError for addresses and
    numbers that cannot be used.

    >>> from mailbridge import Mailer
    >>> mailer = Mailer("memory://", default_from="shop@example.com")
    >>> handler = MailHandler(mailer, to="ops@example.com", prefix="shop", background=False)
    >>> logger = logging.Logger("shop")
    >>> logger.addHandler(handler)
    >>> logger.error("The disk is full")
    >>> mailer.transport().messages[0].subject
    '[shop] ERROR: The disk is full'
    """

    def __init__(
        self,
        mailer: Sender | str | Secret | None = None,
        *,
        to: AddressLike | Iterable[AddressLike],
        from_: AddressLike | None = None,
        prefix: str = "",
        via: str | None = None,
        level: int | str = logging.ERROR,
        background: bool = True,
        interval: float = 600.0,
        limit: int = 10,
        capacity: int = 100,
        patience: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            self._fields: Changes = {"to": addresses(to, "to"), "sensitive": True}
            if from_ is not None:
                self._fields["from_"] = address(from_, "from_")
        except MessageInvalid as error:
            raise ConfigError(f"MailHandler: {error.text}") from None
        if not self._fields["to"]:
            raise ConfigError("MailHandler: to is empty, so that nobody would learn of anything.")
        for name, number in {"interval": interval, "limit": limit, "capacity": capacity, "patience": patience}.items():
            if not number > 0:
                raise ConfigError(f"MailHandler: {name} must be greater than 0, not {number!r}.")
        self._target = Secret(mailer) if isinstance(mailer, str) else mailer
        self._sender: Sender | None = None
        self._prefix = prefix
        self._via = via
        self._background = background
        self._rate = (interval, limit, clock)
        self._limits: dict[str, Any] = {"background": background, "capacity": capacity, "patience": patience}
        self._begin()
        super().__init__(level)  # last: from here on the end of the program closes it
        _all.add(self)

    # --- for subclasses

    def details(self, record: logging.LogRecord) -> Mapping[str, str]:
        """Return what else is known of a record, by name; called where it was logged."""
        return {}

    def redacted(self, text: str) -> str:
        """Return a text without its secrets; called where it was logged."""
        return mask(text)

    # --- what logging calls

    def filter(self, record: logging.LogRecord) -> Any:
        """Let a record pass, unless it is of mailbridge or came about by mailing one.

        Here and not in `emit`, which is called with the handler's lock: whoever mails must never wait for it.
        """
        if mailing() or record.name.partition(".")[0] == _OURS:
            return False
        return super().filter(record)

    def handle(self, record: logging.LogRecord) -> Any:
        """Take a record; mail it at once if there is no thread for that."""
        passed = super().handle(record)
        if passed and not self._background:
            self._courier.drain()
        return passed

    def emit(self, record: logging.LogRecord) -> None:
        """Put a record, or the number of those before it, among the letters to be mailed."""
        try:
            self._take(record)
        except Exception:  # noqa: BLE001 -- logging's own way of telling: nothing is raised into the program
            self.handleError(record)

    def flush(self) -> None:
        """Mail what waits, and what was counted, for at most `patience` seconds."""
        self._own()
        if (letter := self._digest(early=True)) is not None:
            self._courier.put(letter)
        self._courier.drain()

    def close(self) -> None:
        """Flush, end the thread, and take leave of the server if the mailer is the handler's own."""
        self.flush()
        self._courier.end()
        if self._sender is not None and self._sender is not self._target:
            self._sender.close()  # type: ignore[attr-defined]  # a Mailer of our own
        super().close()

    # --- records

    def _take(self, record: logging.LogRecord) -> None:
        summary = summary_of(record, self.redacted)
        self._own()
        if (letter := self._digest()) is not None:
            self._courier.put(letter)
        if self._repetitions.admit(kind_of(record), summary):
            self._courier.put(
                of_record(
                    record,
                    summary,
                    prefix=self._prefix,
                    redact=self.redacted,
                    details=self._told(record),
                    formatter=self.formatter,
                )
            )

    def _digest(self, *, early: bool = False) -> Letter | None:
        digest = self._repetitions.close(early=early)
        return None if digest is None else of_digest(digest, prefix=self._prefix)

    def _told(self, record: logging.LogRecord) -> Mapping[str, str]:
        try:
            return self.details(record)
        except Exception as error:  # noqa: BLE001 -- the record itself is worth more than its details
            return {"Details": f"could not be told: {type(error).__name__}: {error}"}

    # --- mails

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._repetitions = Repetitions(*self._rate)
        self._courier = Courier(self._mail, due=self._digest, remaining=self._repetitions.remaining, **self._limits)

    def _own(self) -> None:
        """Begin anew in a forked child: what waits is the parent's to mail, and its thread did not come along."""
        if os.getpid() != self._pid:
            self._begin()

    def _mail(self, letter: Letter, lost: int) -> bool:
        told = f"\nEarlier mails that could not be sent: {lost}\n" if lost else ""
        try:
            sender = self._sender = self._sender or self._made()
            fields: Changes = {**self._fields, "subject": letter.subject, "text": letter.text + told}
            fields["headers"] = {"Auto-Submitted": "auto-generated"}  # RFC 3834: no vacation notice shall answer
            message = sender.message(**fields)
            try:
                sender.send(message, via=self._via)
            except MessageInvalid as error:
                if error.field != "headers":  # a provider that has no place for them
                    raise
                sender.send(message.replace(headers=()), via=self._via)
        except Exception as error:  # noqa: BLE001 -- nobody could catch it: this thread is ours, or has only logged
            _log.warning("A mail about a log record could not be sent: %s: %s", type(error).__name__, mask(str(error)))
            return False
        return True

    def _made(self) -> Sender:
        if self._target is not None and not isinstance(self._target, Secret):
            return self._target
        from mailbridge.mailer import Mailer

        return Mailer.from_settings() if self._target is None else Mailer(self._target)


_all: weakref.WeakSet[MailHandler] = weakref.WeakSet()


def _close_all() -> None:
    for each in list(_all):
        each.close()


# The drivers' finalizers cut connections at exit, and only then `logging` would flush. What was registered last runs
# first, so `weakref`, which registers all of them when it sees the first, has to see one before this.
weakref.finalize(MailHandler, bool)
atexit.register(_close_all)
