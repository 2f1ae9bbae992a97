"""One outcome for a message that travelled as several private copies."""

from __future__ import annotations

from collections.abc import Sequence

from mailbridge.errors import MailError
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt, RecipientStatus, Status
from mailbridge.sending.delivery import Outcome

_BY_OUTBOX = {"dead": Status.REFUSED, "unknown": Status.UNKNOWN}


def joined(message: Message, copies: Sequence[Message], outcomes: Sequence[Outcome]) -> Receipt:
    """Return the receipt of the message, with the fate of each recipient's own copy.

    Who gets every copy (cc, bcc) counts as accepted when one was. Raises the first error when no copy
    was accepted, with all fates.
    """
    rows: dict[str, RecipientStatus] = {}
    ids: list[str] = []
    receipt: Receipt | None = None
    error: MailError | None = None
    for copy, outcome in zip(copies, outcomes, strict=True):
        if isinstance(outcome, MailError):
            error = error or outcome
        else:
            receipt = receipt or outcome
            ids += outcome.provider_ids
        _add(rows, copy, outcome)
    ordered = {to.addr_spec: rows[to.addr_spec] for to in message.envelope.recipients if to.addr_spec in rows}
    if receipt is not None:
        return receipt._copy(recipients=ordered, provider_ids=tuple(dict.fromkeys(ids)))
    assert error is not None, "a message without recipients has no copies"  # noqa: S101
    error.recipients = {**ordered}
    try:
        raise error
    finally:
        del error  # the traceback holds this frame


def _add(rows: dict[str, RecipientStatus], copy: Message, outcome: Outcome) -> None:
    if isinstance(outcome, MailError):
        status = _BY_OUTBOX.get(outcome.outbox, Status.DEFERRED)
        fate = RecipientStatus(status, outcome.code, outcome.enhanced_code, outcome.text)
        said = outcome.recipients
        for to in copy.envelope.recipients:
            row = said.get(to.addr_spec)
            rows.setdefault(to.addr_spec, row if isinstance(row, RecipientStatus) else fate)
        return
    for address, row in outcome.recipients.items():
        known = rows.get(address)
        if known is None or known.status is not Status.ACCEPTED:
            rows[address] = row
