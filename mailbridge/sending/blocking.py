"""`BlockingTransport` and `MimeTransport`: transports made of one plain function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from mailbridge.flow.operations import Block, Flow
from mailbridge.message.message import Message
from mailbridge.message.mime import Mime, render
from mailbridge.receipt import Receipt, RecipientStatus, Status
from mailbridge.sending.attempt import attempted
from mailbridge.sending.delivery import Delivery
from mailbridge.sending.transport import Transport, Verification

T = TypeVar("T")


class _Plain(Transport):
    """What transports made of plain functions share."""

    quick = False
    """Whether its functions never block, so that asyncio code calls them directly, not in a thread."""

    def check(self) -> Verification:
        """Find out whether messages could be delivered, without delivering one; raise a MailError if not."""
        raise NotImplementedError(f"{type(self).__name__} defines no check()")

    def verify(self) -> Flow[Verification]:
        """Call `check`, in a thread under asyncio unless it is quick."""
        return self._call(self.check)

    def accepted(self, delivery: Delivery, *, provider_ids: tuple[str, ...] = (), raw: Any = None) -> Receipt:
        """Return the receipt that says: every recipient was accepted."""
        row = RecipientStatus(Status.ACCEPTED)
        return Receipt(
            message_id=delivery.message.message_id or "",
            recipients={each.addr_spec: row for each in delivery.envelope.recipients},
            provider=self.name,
            transport=str(self),
            provider_ids=provider_ids,
            raw=raw,
        )

    def _call(self, function: Callable[..., T], *args: Any) -> Flow[T]:
        if self.quick:
            return function(*args)
        answer: T = yield from Block(function, *args)
        return answer


class BlockingTransport(_Plain):
    """A transport whose work is a plain function: `deliver(delivery) -> Receipt`.

    Under asyncio it runs in a thread, unless `quick` says that it never blocks. One that sends MIME
    is a `MimeTransport`.
    """

    def deliver(self, delivery: Delivery) -> Receipt:
        """Deliver one message; raise a MailError when no recipient was accepted."""
        raise NotImplementedError(f"{type(self).__name__} defines no deliver()")

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Deliver one message by calling `deliver`."""
        return attempted(self, delivery, self._call(self.deliver, delivery))


class MimeTransport(_Plain):
    """A transport whose work is a plain function that gets the MIME form: `deliver(delivery, mime) -> Receipt`.

    The message has been rendered, and hooks have had their say on it, as for SMTP.
    """

    def deliver(self, delivery: Delivery, mime: Mime) -> Receipt:
        """Deliver one message; raise a MailError when no recipient was accepted."""
        raise NotImplementedError(f"{type(self).__name__} defines no deliver()")

    def render(self, message: Message) -> Mime:
        """Return the MIME form; override to keep it within 7 bits."""
        return render(message, eight_bit=True, utf8=True)

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Deliver one message by rendering it and calling `deliver`."""
        return attempted(self, delivery, self._rendered(delivery))

    def rehearse(self, delivery: Delivery) -> Flow[bytes | None]:
        """Render the message, and let hooks see it."""
        return bytes((yield from self._prepared(delivery)))

    def work(self, delivery: Delivery, mime: Mime) -> Flow[Receipt]:
        """Call `deliver`; override to wait for something first."""
        return self._call(self.deliver, delivery, mime)

    def _rendered(self, delivery: Delivery) -> Flow[Receipt]:
        mime = yield from self._prepared(delivery)
        return (yield from self.work(delivery, mime))

    def _prepared(self, delivery: Delivery) -> Flow[Mime]:
        mime = self.render(delivery.message)
        if delivery.hooks is not None and delivery.hooks.has_prepare:
            yield from delivery.hooks.prepare(mime, delivery.message)
        return mime
