"""`Job`: a delivery on its way through one or several SMTP transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailbridge.errors import MailError, OutcomeUnknown
from mailbridge.flow.operations import Flow
from mailbridge.message.address import Address
from mailbridge.message.mime import Mime, render
from mailbridge.receipt import Receipt, RecipientStatus, Status
from mailbridge.sending.delivery import Delivery
from mailbridge.smtp.session import Session
from mailbridge.smtp.transaction import Transaction


class Job:
    """A delivery, who of its recipients is still to be tried, and what became of the others.

    One transaction is the rule. There are more when the server takes only some recipients at a time
    (452), or when a worn connection ended before the message was handed over.
    """

    __slots__ = ("announced", "begun", "delivery", "error", "outcome", "pending", "resent", "rows")

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.pending: Sequence[Address] | None = None
        self.rows: Mapping[str, RecipientStatus] = {}
        self.error: MailError | None = None
        self.outcome: Receipt | MailError | None = None
        self.resent = 0
        self.announced = False
        self.begun = -1.0

    def begin(self, session: Session) -> Flow[Transaction]:
        """Render the message for this server, let hooks see it, and address it. Raises MessageInvalid, Unsupported."""
        mime = self._render(session)
        delivery = self.delivery
        if delivery.hooks is not None:
            yield from delivery.hooks.prepare(mime, delivery.message)
        return self._addressed(session, mime)

    def begin_plainly(self, session: Session) -> Transaction | None:
        """Do the same without hooks, and without the cost of a flow; None where there are some."""
        hooks = self.delivery.hooks
        if hooks is not None and hooks.has_prepare:
            return None
        return self._addressed(session, self._render(session))

    def _render(self, session: Session) -> Mime:
        extensions = session.extensions
        return render(self.delivery.message, eight_bit=extensions.eight_bit, utf8=extensions.smtputf8)

    def _addressed(self, session: Session, mime: Mime) -> Transaction:
        """Return the next transaction for this server."""
        delivery = self.delivery
        message = delivery.message
        transaction = Transaction(
            delivery.envelope,
            mime,
            pending=self.pending,
            require_tls=message.require_tls,
            abort_on_partial=message.on_partial == "abort",
            job=self,
            resent=self.resent,
        )
        transaction.address(session)
        session.messages += 1
        return transaction

    def settle(self, transaction: Transaction) -> bool:
        """Take the result of a transaction; return whether the delivery is over."""
        error = transaction.error
        if error is None and transaction.whole and not self.rows:  # the rule
            self.rows = transaction.rows
            return True
        if error is None:
            put_off = transaction.put_off
            self.rows = {**self.rows, **transaction.rows} if self.rows else transaction.rows
            self.pending = put_off
            return not put_off or len(put_off) == len(transaction.pending)
        self.fail(error, transaction.rows)
        return True

    def fail(self, error: MailError, rows: Mapping[str, RecipientStatus] | None = None) -> None:
        """End with an error: that of the delivery, or of those who remain when others have the message already."""
        if not self.rows:
            self.error = error
        elif isinstance(error, OutcomeUnknown):
            self.rows = {**self.rows, **error.recipients}
        else:
            status = Status.REFUSED if error.outbox == "dead" else Status.DEFERRED
            rest = RecipientStatus(status, error.code, error.enhanced_code, error.text)
            refused = {name: row for name, row in (rows or {}).items() if row.status is not Status.ACCEPTED}
            self.rows = {**self.rows, **{to.addr_spec: rest for to in self.pending or ()}, **refused}
