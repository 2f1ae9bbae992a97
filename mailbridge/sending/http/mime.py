"""`HttpMimeTransport`: deliver through an API that takes the message as MIME."""

from __future__ import annotations

from mailbridge.errors import MailError, MessageInvalid
from mailbridge.flow.http import HttpRequest
from mailbridge.flow.operations import Flow
from mailbridge.message.address import Address
from mailbridge.message.copies import copies, is_merge
from mailbridge.message.message import Message
from mailbridge.message.mime import Mime, render
from mailbridge.message.mime.fields import mailboxes
from mailbridge.message.parse.mailboxes import mailboxes as read_mailboxes
from mailbridge.receipt import Receipt
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.http.joining import Joint
from mailbridge.sending.http.transport import HttpTransport


class HttpMimeTransport(HttpTransport):
    """Deliver messages, or some of them, as MIME through an HTTP API.

    A provider defines `build_mime` in place of `build`. The message has been rendered, and hooks have
    had their say on it, as for SMTP. A provider that takes both forms says by `takes_mime` which message
    travels how.
    """

    def takes_mime(self, delivery: Delivery) -> bool:
        """Whether this message travels as MIME; if not, it goes by `build` or `build_many`."""
        return True

    def render(self, message: Message) -> Mime:
        """Return the MIME form; override to keep it within 7 bits."""
        return render(message, eight_bit=True)

    def build_mime(self, message: Message, mime: Mime) -> HttpRequest:
        """Return the request that sends one message in its MIME form. Raises MessageInvalid or Unsupported."""
        raise NotImplementedError(f"{type(self).__name__} defines no build_mime()")

    def deliver_mime(self, message: Message, mime: Mime) -> Flow[Receipt]:
        """Send one message in its MIME form; override where that takes more than one call."""
        outcomes = yield from self.performed(self.build_mime(message, mime), (message,))
        outcome = outcomes[0]
        if isinstance(outcome, MailError):
            raise outcome
        return outcome

    def alone(self, delivery: Delivery) -> bool:
        """Whether the message makes calls of its own, as one in MIME does."""
        return self.takes_mime(delivery) or super().alone(delivery)

    def delivered(self, delivery: Delivery) -> Flow[Receipt]:
        """Make the calls that one message needs; raise a MailError when no recipient was accepted."""
        if not self.takes_mime(delivery):
            return (yield from super().delivered(delivery))
        message = self.outgoing(delivery)
        if not is_merge(message):
            return (yield from self._rendered(delivery, message))
        joint = Joint(message)
        for each in copies(message):
            outcome: Outcome
            try:
                outcome = yield from self._rendered(delivery, each)
            except MailError as error:
                outcome = error.with_traceback(None)
            joint.add((each,), (outcome,))
        return joint.receipt()

    def _rendered(self, delivery: Delivery, message: Message) -> Flow[Receipt]:
        mime = self.render(message)
        if delivery.hooks is not None and delivery.hooks.has_prepare:
            yield from delivery.hooks.prepare(mime, message)
        return (yield from self.deliver_mime(message, mime))


def addressed(message: Message, mime: Mime) -> bytes:
    """Return the octets for an API that reads the recipients from the header: with Bcc, in front of all.

    Such an API removes the Bcc field before others see it. Raises MessageInvalid when the header of a raw
    message names somebody who is not among the recipients: he would get it all the same.
    """
    visible = _in_header(mime) if message.raw is not None else {each.key for each in (*message.to, *message.cc)}
    recipients = message.envelope.recipients
    if strangers := visible - {each.key for each in recipients}:
        raise MessageInvalid(
            f"raw: its header names {', '.join(sorted(strangers))}, whom the message is not for; "
            "this API sends to everybody in To, Cc and Bcc.",
            field="raw",
        )
    blind = tuple(each for each in recipients if each.key not in visible)
    return (mailboxes("Bcc", blind).encode("ascii") if blind else b"") + bytes(mime)


def _in_header(mime: Mime) -> set[str]:
    lists = [value for name, value in mime.headers if name.lower() in ("to", "cc")]
    found: list[Address] = [each for value in lists for each in read_mailboxes(value, "raw")[0]]
    return {each.key for each in found}
