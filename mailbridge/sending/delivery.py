"""`Delivery`: one message on its way through transports."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from mailbridge.errors import MailError
from mailbridge.message.envelope import Envelope
from mailbridge.message.message import Message
from mailbridge.receipt import Attempt, Receipt
from mailbridge.transcript import Transcript

if TYPE_CHECKING:
    from mailbridge.hooks import Hooks


class Delivery:
    """One message on its way: what to send, to whom, the hooks to call, the attempts so far, and
    a transcript if somebody wants to read along.

    A policy that changes the message (a redirect, say) passes on `delivery.changed(message)`: the
    attempts stay shared.
    """

    __slots__ = ("asked", "attempts", "envelope", "hooks", "mailer", "message", "observed", "transcript")

    asked: Message
    """What the caller asked for, before it got a Message-ID and a Date: its `features` are those that must be kept."""

    observed: bool
    """Whether anybody wants to be told of attempts."""

    def __init__(
        self,
        message: Message,
        *,
        hooks: Hooks | None = None,
        mailer: str = "default",
        attempts: list[Attempt] | None = None,
        transcript: Transcript | None = None,
        asked: Message | None = None,
    ) -> None:
        self.message = message
        self.asked = message if asked is None else asked
        self.envelope: Envelope = message.envelope
        self.hooks = hooks
        self.observed = hooks is not None and hooks.has_attempt
        self.mailer = mailer
        self.transcript = transcript
        self.attempts: list[Attempt] = [] if attempts is None else attempts

    def changed(self, message: Message) -> Delivery:
        """Return the same delivery with another message."""
        return Delivery(
            message,
            hooks=self.hooks,
            mailer=self.mailer,
            attempts=self.attempts,
            transcript=self.transcript,
            asked=self.asked,
        )


Outcome: TypeAlias = Receipt | MailError
"""What became of one message: a receipt, or the error with which it ended."""
