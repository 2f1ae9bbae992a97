"""`Tally`: the fates of one message's recipients, gathered over several tries."""

from __future__ import annotations

from collections.abc import Container

from mailbridge.errors import MailError, RecipientDeferred
from mailbridge.message.address import Address
from mailbridge.receipt import Receipt, RecipientStatus, Status
from mailbridge.sending.delivery import Delivery, Outcome

_BY_OUTBOX = {"dead": Status.REFUSED, "unknown": Status.UNKNOWN}


class Tally:
    """What is known of each recipient, who is left to be tried, and the outcome so far.

    A recipient with a final fate is never tried again. With `on_partial="abort"` nobody gets the
    message unless all do, so a try without a receipt leaves everybody to be tried.

    Args:
        delivery: the message, and all its recipients.
        keyed: whether a recipient whose fate is unknown may be tried again, because the transport
            recognises a repeated send by the message's idempotency key.
    """

    __slots__ = ("_error", "_open", "_receipt", "delivery", "rows")

    def __init__(self, delivery: Delivery, *, keyed: bool = False) -> None:
        self.delivery = delivery
        self.rows: dict[str, RecipientStatus] = {}
        self._open: Container[Status] = (Status.DEFERRED, Status.UNKNOWN) if keyed else (Status.DEFERRED,)
        self._receipt: Receipt | None = None
        self._error: MailError | None = None

    def add(self, outcome: Outcome) -> None:
        """Take the outcome of a try for all that `remaining` named before."""
        if isinstance(outcome, MailError):
            self._error = outcome
            if self._receipt is not None:
                # Others have it already, so this error is the fate of the rest only.
                status = _BY_OUTBOX.get(outcome.outbox, Status.DEFERRED)
                fate = RecipientStatus(status, outcome.code, outcome.enhanced_code, outcome.text)
                self.rows.update({each.addr_spec: fate for each in self.remaining})
            self.rows.update({a: row for a, row in outcome.recipients.items() if isinstance(row, RecipientStatus)})
        else:
            earlier = self._receipt.provider_ids if self._receipt is not None else ()
            self._receipt = outcome._copy(provider_ids=tuple(dict.fromkeys(earlier + outcome.provider_ids)))
            self.rows.update(outcome.recipients)

    @property
    def remaining(self) -> tuple[Address, ...]:
        """The recipients that may be tried again."""
        recipients = self.delivery.envelope.recipients
        if self._receipt is None and self.delivery.message.on_partial == "abort":
            return () if any(row.status is Status.REFUSED for row in self.rows.values()) else recipients
        rows, may = self.rows, self._open
        return tuple(to for to in recipients if to.addr_spec not in rows or rows[to.addr_spec].status in may)

    def rest(self) -> Delivery:
        """Return the delivery for the recipients that remain; it shares the attempts."""
        delivery, remaining = self.delivery, self.remaining
        if len(remaining) == len(delivery.envelope.recipients):
            return delivery
        rest = delivery.changed(delivery.message)
        rest.envelope = delivery.envelope._copy(recipients=remaining)
        return rest

    def outcome(self) -> Outcome:
        """Return one receipt if anybody has the message, else the last error; with every row and attempt."""
        attempts = tuple(self.delivery.attempts)
        if self._receipt is not None:
            return self._receipt._copy(recipients=self.rows, attempts=attempts)
        error = self._error
        assert error is not None, "outcome() before add()"  # noqa: S101
        error.recipients.update(self.rows)
        error.attempts = attempts
        return error


def put_off(receipt: Receipt) -> RecipientDeferred | None:
    """Return the error that speaks of the recipients that were put off, or None if there are none."""
    for row in receipt.recipients.values():
        if row.status is Status.DEFERRED:
            break
    else:
        return None
    deferred = {a: each for a, each in receipt.recipients.items() if each.status is Status.DEFERRED}
    return RecipientDeferred(
        f"The server puts off some recipients ({', '.join(list(deferred)[:3])}): {row.text}.",
        phase="rcpt",
        code=row.code,
        enhanced_code=row.enhanced_code,
        recipients=deferred,
    )
