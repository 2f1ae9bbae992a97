"""The seam where something else may take the place of a transport, at the moment of delivery.

A test kit uses it, or an adapter whose application is being tested. By then hooks have had their say,
the guard of features has compared the message with the original transport, and the message has its
Message-ID. What `instead` returns gets it in the original's place; `mailbridge.sending.stand_in` has
what such a transport is made of.

There are two places, and a message passes the first before the second:

- a mailer's own, `Mailer(diversion=…)`, for an adapter;
- one for the whole process, `divert(…)`, for a test kit.

While both are empty the send path looks at each, and that is all it costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mailbridge.message.message import Message
    from mailbridge.sending.transport import Transport

current: Diversion | None = None
"""What takes the place of transports in the whole process, if anything does; changed by `divert`."""


class Diversion(Protocol):
    """Says what takes the place of a transport."""

    def instead(self, transport: Transport, message: Message, mailer: str) -> Transport:
        """Return the transport that gets the message: the same object for the same circumstances.

        `transport` is the one that was chosen, a policy with all its members perhaps; returned as it is,
        it sends. Neighbours in a `send_many` share a pipeline if they get the same object. Called in the
        context (thread, task, `contextvars`) of whoever sends. Raises MailErrors: then nothing is sent,
        and the error is the message's outcome.
        """
        ...


def divert(diversion: Diversion | None) -> Diversion | None:
    """Put something in the place of every transport in this process, or nothing any more; return what was there."""
    global current
    before, current = current, diversion
    return before
