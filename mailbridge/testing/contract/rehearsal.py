"""A transport at work without a network: what it would send, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import MailError
from mailbridge.flow.http import Http, HttpRequest, HttpResponse
from mailbridge.message.message import Message
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.transport import Transport, Verification
from mailbridge.sending.unsupported import Unsupporting

__all__ = ["Answer", "Rehearsal", "stamped"]

Answer = Callable[[HttpRequest], HttpResponse]
"""What the service says to a request."""

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Rehearsal:
    """Runs a transport through the path of a mailer: features first, then Message-ID and Date, then sending.

    `requests` are those it made. Exceptions that are no MailErrors are faults of the transport, and come
    out as they are.
    """

    def __init__(self, transport: Transport, answer: Answer) -> None:
        self.transport = transport
        self.requests: list[HttpRequest] = []
        self._answer = answer
        self._driver = ScriptedDriver({Http: self._exchanged}, wall=NOON.timestamp())

    def send(self, name: str, message: Message) -> Outcome:
        """Send one message, whose Message-ID is made of `name`; return its receipt or its error."""
        try:
            return self._driver.run(self.transport.send(self._delivery(name, message)))
        except MailError as error:
            return error

    def send_many(self, messages: Mapping[str, Message]) -> list[Outcome]:
        """Send several by name, of which none uses a feature that the transport lacks."""
        deliveries = [self._delivery(name, message) for name, message in messages.items()]
        return self._driver.send_many(self.transport.send_many(), deliveries)

    def verify(self) -> Verification | MailError:
        """Verify the credentials."""
        try:
            return self._driver.run(self.transport.verify())
        except MailError as error:
            return error

    def _delivery(self, name: str, message: Message) -> Delivery:
        return Delivery(stamped(name, Unsupporting().fitted(message, self.transport)))

    def _exchanged(self, op: Http) -> HttpResponse:
        self.requests.append(op.request)
        return self._answer(op.request)


def stamped(name: str, message: Message) -> Message:
    """Return the message with a Message-ID made of its name, and a Date, where it has none; as a mailer does."""
    return message.stamped(message.message_id or f"<{name}@corpus.example.com>", message.date or NOON)
