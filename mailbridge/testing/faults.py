"""Errors and delays on demand, as transports would have them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from copy import copy
from random import Random
from types import TracebackType
from typing import Any, Self

from mailbridge.errors import MailError, RecipientDeferred, RecipientRefused, ServerError
from mailbridge.flow.operations import Flow
from mailbridge.message.address import address
from mailbridge.receipt import RecipientStatus, Status
from mailbridge.sending.delivery import Delivery
from mailbridge.sending.transport import Transport
from mailbridge.testing.clock import Pause

__all__ = ["Error", "Fault", "Faults", "Planned"]

Error = Exception | type[Exception]


class Planned:
    """An error that attempts shall end with.

    `names` are the recipients that it is about, by `Address.key`; none for all of them.
    """

    def __init__(self, error: Error) -> None:
        self.error: Any = error() if isinstance(error, type) else error
        if not isinstance(self.error, Exception):
            raise TypeError(f"a fault is an exception such as RateLimited(retry_after=3), not {error!r}")
        self.names: frozenset[str] = frozenset()
        self.said = ""
        if isinstance(self.error, RecipientRefused | RecipientDeferred):
            text = self.error.text
            alone = "@" in text and " " not in text  # RecipientRefused("ann@example.org")
            self.names = frozenset(address(each, "recipients").key for each in self.error.recipients or [text] * alone)
            self.said = "" if alone or text == type(self.error)().text else text

    def fits(self, delivery: Delivery) -> bool:
        """Whether it may happen to this delivery: whether one of those it is about is among the recipients."""
        return not self.names or any(to.key in self.names for to in delivery.envelope.recipients)

    def happen(self, delivery: Delivery) -> Mapping[str, RecipientStatus]:
        """Raise the error; or return the fate of those it is about, if others get the message."""
        if not isinstance(self.error, MailError):
            raise self.error.with_traceback(None)
        error = copy(self.error)  # each attempt has its own, with its own attempts
        error.attempts, error.transport = (), ""
        if not isinstance(error, RecipientRefused | RecipientDeferred):
            raise error
        hit = [to.addr_spec for to in delivery.envelope.recipients if not self.names or to.key in self.names]
        status = Status.REFUSED if isinstance(error, RecipientRefused) else Status.DEFERRED
        error.text = self.said or f"{', '.join(hit)}: {status}, because the test wants it so."
        error.args = (error.text,)
        rows = dict.fromkeys(hit, RecipientStatus(status, error.code, error.enhanced_code, error.text))
        if len(hit) < len(delivery.envelope.recipients) and delivery.message.on_partial != "abort":
            return rows
        error.recipients = {**rows}
        raise error


class Fault:
    """A fault that goes on until it is ended, by `end()` or at the end of a `with` block.

    Args:
        planned: the error.
        backend: the mailer, or the transport, that has it; all of them by default.
        rate: the share of attempts that fail, from 0.0 to 1.0.
        seed: of the generator that chooses them, so that they are the same ones each time.
    """

    def __init__(self, planned: Planned, backend: str | None, rate: float, seed: int) -> None:
        if not 0.0 <= rate <= 1.0:
            raise ValueError(f"rate is a share from 0.0 to 1.0, not {rate!r}")
        self.planned = planned
        self.ended = False
        self._backend = backend
        self._rate = rate
        self._random = Random(seed)  # noqa: S311 - it decides nothing but which attempts of a test fail

    def strikes(self, delivery: Delivery, transport: Transport) -> bool:
        """Whether this attempt fails."""
        if self.ended or not concerns(self._backend, delivery, transport) or not self.planned.fits(delivery):
            return False
        return self._random.random() < self._rate

    def end(self) -> None:
        """Let no further attempt fail."""
        self.ended = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


class Faults:
    """What is to happen to the attempts of one mailbox."""

    def __init__(self) -> None:
        self.delay = 0.0
        self._next: list[tuple[Planned | None, str | None]] = []
        self._lasting: list[Fault] = []
        self._choosing = threading.Lock()

    def __len__(self) -> int:
        return len(self._next)

    def queue(self, errors: Iterable[Error | None], backend: str | None) -> None:
        """Let the next attempts end with these errors, one each; None is an attempt that succeeds."""
        planned = [None if error is None else Planned(error) for error in errors]
        with self._choosing:
            self._next += [(each, backend) for each in planned]

    def last(self, fault: Fault) -> None:
        """Let a fault go on until it is ended."""
        with self._choosing:
            self._lasting.append(fault)

    def end(self) -> None:
        """Forget every fault and the delay."""
        with self._choosing:
            self._next.clear()
            for fault in self._lasting:
                fault.end()
            self._lasting.clear()
            self.delay = 0.0

    def met(self, delivery: Delivery, transport: Transport) -> Flow[Mapping[str, RecipientStatus]]:
        """Do to an attempt what is to happen to it: wait, raise, or return the recipients it fails for."""
        if self.delay:
            yield from Pause(self.delay)
        with self._choosing:
            planned = self._chosen(delivery, transport)
        return {} if planned is None else planned.happen(delivery)

    def _chosen(self, delivery: Delivery, transport: Transport) -> Planned | None:
        for number, (planned, backend) in enumerate(self._next):
            if concerns(backend, delivery, transport) and (planned is None or planned.fits(delivery)):
                del self._next[number]
                return planned
        return next((fault.planned for fault in self._lasting if fault.strikes(delivery, transport)), None)


def concerns(backend: str | None, delivery: Delivery, transport: Transport) -> bool:
    """Whether a name means this attempt: the mailer, the kind of transport (`ses`), or the transport as it prints."""
    shown = str(transport)
    return backend is None or backend in (delivery.mailer, shown, shown.partition(":")[0])


SERVER_ERROR = ServerError("The server cannot do it now, because the test wants it so.")
"""What goes wrong if a test says no more than that something shall."""
