"""What became of the recipients of one message."""

from __future__ import annotations

from collections.abc import Mapping

from mailbridge.errors import MailError, RecipientDeferred, RecipientRefused
from mailbridge.message.message import Message
from mailbridge.receipt import RecipientStatus, Status

_ACCEPTED = RecipientStatus(Status.ACCEPTED)


def fates(message: Message, rows: Mapping[str, RecipientStatus] | None, provider_id: str) -> dict[str, RecipientStatus]:
    """Return the fate of each recipient, by the caller's spelling.

    Args:
        rows: fates by `Address.key`; who is not in it was accepted.
        provider_id: for recipients, unless one of them has an id of his own.
    """
    if not rows:
        accepted = RecipientStatus(Status.ACCEPTED, provider_id=provider_id) if provider_id else _ACCEPTED
        return {to.addr_spec: accepted for to in message.envelope.recipients}
    shared = "" if any(row.provider_id for row in rows.values()) else provider_id
    accepted = RecipientStatus(Status.ACCEPTED, provider_id=shared) if shared else _ACCEPTED
    found: dict[str, RecipientStatus] = {}
    for to in message.envelope.recipients:
        row = rows.get(to.key, accepted)
        found[to.addr_spec] = row._replace(provider_id=shared) if shared and row is not accepted else row
    return found


def fate_of_all(message: Message, error: MailError) -> dict[str, RecipientStatus]:
    """Return the fate of the recipients of a call that was refused because of them."""
    status = Status.DEFERRED if isinstance(error, RecipientDeferred) else Status.REFUSED
    row = RecipientStatus(status, error.code, error.enhanced_code, error.text)
    return {to.addr_spec: row for to in message.envelope.recipients}


def refuse_if_nobody(fates: Mapping[str, RecipientStatus], transport: str) -> None:
    """Raise the error of a message that nobody got, with everybody's fate."""
    statuses = {row.status for row in fates.values()}
    if not statuses or not statuses <= {Status.REFUSED, Status.DEFERRED}:
        return
    first = next(iter(fates.values()))
    kind = RecipientDeferred if Status.DEFERRED in statuses else RecipientRefused
    verb = "puts off" if kind is RecipientDeferred else "refuses"
    why = f": {first.text.rstrip('.')}" if first.text else ""
    raise kind(
        f"{transport} {verb} {'the recipient' if len(fates) == 1 else 'every recipient'}{why}.",
        phase="response",
        code=first.code,
        enhanced_code=first.enhanced_code,
        recipients=dict(fates),
        transport=transport,
    )
