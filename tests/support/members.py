"""Transports for the tests of policies: they answer from a script, and pipeline as SMTP does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from copy import copy
from typing import Any

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import MailError
from mailbridge.flow.operations import END, PULL, Close, Emit, Flow, Now
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt, RecipientStatus, Status
from mailbridge.sending.attempt import attempted
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.transport import Transport, Verification

ACCEPTED = RecipientStatus(Status.ACCEPTED, 250, "2.1.5", "ok")
DEFERRED = RecipientStatus(Status.DEFERRED, 450, "4.2.1", "450 greylisted")
REFUSED = RecipientStatus(Status.REFUSED, 550, "5.1.1", "550 nobody here")


def message(name: str = "m", to: Iterable[str] = ("ann@example.org",), **fields: Any) -> Message:
    """Make a message whose subject is its name."""
    return Message(from_="app@example.com", to=list(to), subject=name, text="Hello", **fields)


def delivery(
    name: str = "m", to: Iterable[str] = ("ann@example.org",), *, hooks: Any = None, **fields: Any
) -> Delivery:
    """Make a delivery of such a message."""
    return Delivery(message(name, to, **fields), hooks=hooks)


def deliveries(count: int) -> list[Delivery]:
    """Make deliveries named 0, 1, 2 …"""
    return [delivery(str(number)) for number in range(count)]


class FakeTransport(Transport):
    """Answers each submission with the next answer: an error to raise, rows by address, or "ok".

    After the last answer everything is accepted. `send_many` pulls up to `ahead` further deliveries
    before it emits an outcome. What happens is noted in `log` (`pull 0`, `emit 0`, `open`, `close`) and in
    `submitted`, the recipients of each submission.
    """

    name = "fake"

    def __init__(
        self,
        label: str = "a",
        answers: Iterable[Any] = (),
        *,
        ahead: int = 1,
        features: Iterable[str] = (),
        always: Any = "ok",
        log: list[str] | None = None,
    ) -> None:
        self.label = label
        self.features = frozenset(features)
        self.ahead = ahead
        self.log: list[str] = [] if log is None else log
        self.submitted: list[tuple[str, ...]] = []
        self.messages: list[Message] = []
        self.always = always
        self._answers = iter(answers)

    def __str__(self) -> str:
        return f"fake://{self.label}"

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        self.log.append(f"send {delivery.message.subject}")
        return attempted(self, delivery, self._submit(delivery))

    def send_many(self) -> Flow[None]:
        window: deque[Delivery] = deque()
        pulling = True
        self.log.append("open")
        try:
            while pulling or window:
                while pulling and len(window) <= self.ahead:
                    pulled = yield PULL
                    if pulled is END:
                        pulling = False
                    else:
                        self.log.append(f"pull {pulled.message.subject}")
                        window.append(pulled)
                if window:
                    first = window.popleft()
                    outcome = yield from self._outcome(first)
                    self.log.append(f"emit {first.message.subject}")
                    yield Emit(outcome)
        finally:
            self.log.append("close")

    def verify(self) -> Flow[Verification]:
        yield from Now()
        answer = next(self._answers, "ok")
        if isinstance(answer, MailError):
            raise answer
        return Verification(transport=str(self), text=f"{self} answers.", details={"greeting": "hello"})

    def _outcome(self, delivery: Delivery) -> Flow[Outcome]:
        try:
            return (yield from attempted(self, delivery, self._submit(delivery)))
        except MailError as error:
            return error.with_traceback(None)

    def _submit(self, delivery: Delivery) -> Flow[Receipt]:
        recipients = tuple(each.addr_spec for each in delivery.envelope.recipients)
        self.submitted.append(recipients)
        self.messages.append(delivery.message)
        yield from Now()
        answer = next(self._answers, self.always)
        answer = answer(delivery) if callable(answer) else answer
        if isinstance(answer, MailError):
            raise copy(answer)
        rows = dict.fromkeys(recipients, ACCEPTED) if answer == "ok" else {a: answer[a] for a in recipients}
        return Receipt(
            message_id="<1@example.com>",
            recipients=rows,
            provider="fake",
            transport=str(self),
            provider_ids=(f"{self.label}{len(self.submitted)}",),
        )


def send(transport: Transport, one: Delivery | None = None, driver: ScriptedDriver | None = None) -> Outcome:
    """Send one delivery and return the receipt or the error."""
    try:
        return (driver or ScriptedDriver()).run(transport.send(one or delivery()))
    except MailError as error:
        return error


def send_many(transport: Transport, many: Iterable[Delivery], driver: ScriptedDriver | None = None) -> list[Outcome]:
    """Send deliveries through the transport's `send_many` and return the outcomes."""
    return (driver or ScriptedDriver()).send_many(transport.send_many(), many)


def both_ways(transport: Transport, one: Delivery, driver: ScriptedDriver, *, many: bool) -> Outcome:
    """Send one delivery, by `send` or by `send_many`, and return the receipt or the error."""
    return send_many(transport, [one], driver)[0] if many else send(transport, one, driver)


def fates(receipt: Receipt) -> dict[str, str]:
    """Return each recipient's status as text."""
    return {address: str(row.status) for address, row in receipt.recipients.items()}


class Holding(Transport):
    """A transport that waits for ever in a Close operation, to see what an abandoned flow does."""

    name = "holding"

    def __init__(self) -> None:
        self.events: list[str] = []

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        try:
            yield from Close(None)  # type: ignore[arg-type]
        except BaseException as error:
            self.events.append(type(error).__name__)
            raise
        raise AssertionError("never resumed")

    def send_many(self) -> Flow[None]:
        try:
            while (yield PULL) is not END:
                yield from Close(None)  # type: ignore[arg-type]
        except BaseException as error:
            self.events.append(type(error).__name__)
            raise
