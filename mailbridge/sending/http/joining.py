"""One outcome for a message that travelled as several private copies."""

from __future__ import annotations

from collections.abc import Iterable

from mailbridge.errors import MailError
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt, RecipientStatus, Status
from mailbridge.sending.delivery import Outcome

_BY_OUTBOX = {"dead": Status.REFUSED, "unknown": Status.UNKNOWN}


class Joint:
    """What is known so far: the fate of each recipient's own copy.

    Copies and their outcomes are let go of call by call: of a message to ten thousand, all of them at once
    would keep the garbage collector busier than the sending.
    """

    __slots__ = ("_error", "_ids", "_message", "_receipt", "_rows")

    def __init__(self, message: Message) -> None:
        self._message = message
        self._rows: dict[str, RecipientStatus] = {}
        self._ids: dict[str, None] = {}
        self._receipt: Receipt | None = None
        self._error: MailError | None = None

    def add(self, copies: Iterable[Message], outcomes: Iterable[Outcome]) -> None:
        """Take the outcomes of some copies."""
        for copy, outcome in zip(copies, outcomes, strict=True):
            if isinstance(outcome, MailError):
                self._error = self._error or outcome
                self._refused(copy, outcome)
            else:
                self._receipt = self._receipt or outcome
                self._ids.update(dict.fromkeys(outcome.provider_ids))
                self._told(outcome)

    def receipt(self) -> Receipt:
        """Return the receipt of the message, with the fate of each recipient.

        Who gets every copy (cc, bcc) counts as accepted when one was. Raises the first error when no copy
        was accepted, with all fates.
        """
        rows, recipients = self._rows, self._message.envelope.recipients
        ordered = {to.addr_spec: rows[to.addr_spec] for to in recipients if to.addr_spec in rows}
        if self._receipt is not None:
            return self._receipt._copy(recipients=ordered, provider_ids=tuple(self._ids))
        error, self._error = self._error, None
        assert error is not None, "receipt() before add()"  # noqa: S101
        error.recipients = {**ordered}
        try:
            raise error
        finally:
            del error  # the traceback holds this frame

    def _told(self, receipt: Receipt) -> None:
        rows = self._rows
        for address, row in receipt.recipients.items():
            known = rows.get(address)
            if known is None or known.status is not Status.ACCEPTED:
                rows[address] = row

    def _refused(self, copy: Message, error: MailError) -> None:
        status = _BY_OUTBOX.get(error.outbox, Status.DEFERRED)
        fate = RecipientStatus(status, error.code, error.enhanced_code, error.text)
        for to in copy.envelope.recipients:
            row = error.recipients.get(to.addr_spec)
            self._rows.setdefault(to.addr_spec, row if isinstance(row, RecipientStatus) else fate)
