"""`Transport`: anything that can deliver a message, policies included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from mailbridge.errors import MailError
from mailbridge.flow.operations import END, PULL, Emit, Flow
from mailbridge.message.value import Value
from mailbridge.receipt import Receipt
from mailbridge.sending.delivery import Delivery

Reach = Literal["nobody", "machine", "others"]


class Verification(Value):
    """What `verify()` found out: `text` is one sentence, `details` what the server offers."""

    transport: str
    text: str
    details: Mapping[str, object] = {}

    def __init__(self, *, transport: str, text: str, details: Mapping[str, object] | None = None) -> None:
        self._set(transport=transport, text=text, details=dict(details or {}))


class Transport:
    """Anything that can deliver a message.

    Three rungs for authors, simplest first: `HttpTransport` (two pure methods), `BlockingTransport`
    (one plain function), `Transport` itself (a flow, see `mailbridge.flow.operations`).
    """

    name: ClassVar[str] = ""
    """The kind of transport, as in receipts: `smtp`, `sendgrid`."""

    features: frozenset[str] = frozenset()
    """The features of `mailbridge.message.features` that this transport can express."""

    lanes: int = 1
    """How many `send_many` flows of it may run side by side to advantage; used by `asend_many`."""

    keyed: bool = False
    """Whether every send carries a key, the message's own or its Message-ID, by which a second one is recognised."""

    reach: Reach = "others"
    """How far a message goes by it: to `nobody` (it is kept, shown or forgotten), to a server on this `machine`, or
    to `others`. Test kits look at it."""

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Deliver one message; raise a MailError when no recipient was accepted."""
        raise NotImplementedError(f"{type(self).__name__} defines no send()")
        yield

    def rehearse(self, delivery: Delivery) -> Flow[bytes | None]:
        """Check a delivery as far as that goes without sending, and raise what `send` would raise by then.

        Return the rendered form, where there is one. What takes the place of this transport in a test calls it.
        """
        return None
        yield

    def send_many(self) -> Flow[None]:
        """Deliver what `Pull` answers (deliveries) until END; `Emit` a Receipt or MailError for each, in order."""
        while (delivery := (yield PULL)) is not END:
            try:
                outcome: Receipt | MailError = yield from self.send(delivery)
            except MailError as error:
                outcome = error.with_traceback(None)  # which would hold the message for as long as the error is kept
            yield Emit(outcome)

    def connect(self) -> Flow[None]:
        """Open a connection for the next message, unless one is open; a transport without connections does nothing."""
        return None
        yield

    def verify(self) -> Flow[Verification]:
        """Check address, encryption and credentials without sending anything."""
        raise NotImplementedError(f"{type(self).__name__} defines no verify()")
        yield

    def __str__(self) -> str:
        """Say which transport this is, without secrets."""
        return f"{self.name}://"
