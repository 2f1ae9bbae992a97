"""`Posting`: one message of Django's on its way, from the signal before to the signals after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.mail import EmailMessage
from django.dispatch import Signal

from mailbridge import Mailer, MailError, Message, MessageInvalid, Receipt, Status
from mailbridge_django.convert import convert
from mailbridge_django.features import OPTIONS
from mailbridge_django.signals import message_failed, message_sending, message_sent, message_suppressed
from mailbridge_django.status import AnymailStatus

Told = tuple[Signal, dict[str, Any]]
"""A signal and its arguments. Whoever sends it knows the colour: `send_robust` or `asend_robust`."""

_HANDED_OVER = frozenset({Status.ACCEPTED, Status.QUEUED})


class Posting:
    """One message on its way.

    What became of it stands on the message afterwards: `mailbridge_receipt` (None if it failed),
    `mailbridge_error` (None if it did not), `anymail_status`.
    """

    __slots__ = ("_alias", "_message")

    def __init__(self, message: EmailMessage, alias: str | None) -> None:
        self._message = message
        self._alias = alias

    def before(self) -> Told:
        """Return the signal to send first."""
        return message_sending, self._arguments()

    def convert(self, mailer: Mailer) -> Message:
        """Return what the Mailer takes. Raises ValueError, of which MessageInvalid is one; ConfigError for `via`."""
        self._message.mailbridge_receipt = self._message.mailbridge_error = None
        options = getattr(self._message, OPTIONS, None)
        via = options.get("via") if isinstance(options, Mapping) else None
        return convert(self._message, mailer.transport(via or "default")).mail

    def after(self, outcome: Receipt | MailError) -> Iterator[Told]:
        """Note the outcome on the message; return the signals to send."""
        failed = isinstance(outcome, MailError)
        self._message.mailbridge_receipt = None if failed else outcome
        self._message.mailbridge_error = outcome if failed else None
        self._message.anymail_status = AnymailStatus(outcome)
        return self._told(outcome)

    def refused(self, error: Exception) -> Iterator[Told]:
        """Note that the message could not even be read."""
        return self.after(error if isinstance(error, MailError) else MessageInvalid(str(error)))

    def _told(self, outcome: Receipt | MailError) -> Iterator[Told]:
        left_out: dict[str, list[str]] = {}
        for address, row in outcome.recipients.items():
            if row is not None and row.status is Status.SUPPRESSED:
                left_out.setdefault(row.text, []).append(address)
        for reason, addresses in left_out.items():
            yield message_suppressed, {**self._arguments(), "recipients": tuple(addresses), "reason": reason}
        if isinstance(outcome, MailError):
            yield message_failed, {**self._arguments(), "error": outcome}
        elif handed_over(outcome):
            yield message_sent, {**self._arguments(), "receipt": outcome}

    def _arguments(self) -> dict[str, Any]:
        return {"message": self._message, "alias": self._alias}


def handed_over(receipt: Receipt) -> bool:
    """Say whether a server or a queue took responsibility for any recipient, so that the message counts."""
    return any(row.status in _HANDED_OVER for row in receipt.recipients.values())
