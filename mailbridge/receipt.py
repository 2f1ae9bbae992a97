"""`Receipt`: the truth after a send, for each recipient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from mailbridge.message.value import Value


class Status(StrEnum):
    """What became of one recipient of one message."""

    ACCEPTED = "accepted"  # the server took responsibility; not the same as delivered
    REFUSED = "refused"  # for good
    DEFERRED = "deferred"  # may be tried again later
    SUPPRESSED = "suppressed"  # we did not try, on purpose
    QUEUED = "queued"  # stored by us, to be sent later
    UNKNOWN = "unknown"  # handed over, answer lost


class RecipientStatus(NamedTuple):
    """The fate of one recipient: `status`, and the server's own words where it spoke."""

    status: Status
    code: int | None = None
    enhanced_code: str = ""
    text: str = ""
    provider_id: str = ""


class Attempt(NamedTuple):
    """One try of one transport.

    `started` is in seconds since 1970 (UTC), `ms` the duration in milliseconds. While the attempt is
    still running (an observer sees it before and after) `ms` is None. `error` is the error's class
    name, `text` its sentence, with secrets masked.
    """

    number: int
    transport: str
    started: float
    ms: float | None = None
    code: int | None = None
    error: str = ""
    text: str = ""

    @property
    def finished(self) -> bool:
        """Whether the attempt is over."""
        return self.ms is not None


class Receipt(Value):
    """What a transport did with one message.

    Args:
        message_id: the RFC 5322 Message-ID header, with angle brackets.
        recipients: fate by address, keyed by the caller's own spelling of the address.
        provider: the kind of transport (`smtp`, `sendgrid`).
        transport: the transport as configured, without secrets.
        provider_ids: the provider's own ids, in its order; empty when it gave none.
        attempts: every try, failed ones included, oldest first.
        queued_id: the id in the durable outbox, when it was queued.
        raw: what the provider answered, decoded, without secrets.
    """

    message_id: str
    recipients: Mapping[str, RecipientStatus]
    provider: str = ""
    transport: str = ""
    provider_ids: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    queued_id: str = ""
    raw: Any = None

    def __init__(
        self,
        *,
        message_id: str,
        recipients: Mapping[str, RecipientStatus],
        provider: str = "",
        transport: str = "",
        provider_ids: Iterable[str] = (),
        attempts: Iterable[Attempt] = (),
        queued_id: str = "",
        raw: Any = None,
    ) -> None:
        fields = self.__dict__
        fields["message_id"] = message_id
        fields["recipients"] = recipients
        fields["provider"] = provider
        fields["transport"] = transport
        fields["attempts"] = tuple(attempts)
        if provider_ids:
            fields["provider_ids"] = tuple(provider_ids)
        if queued_id:
            fields["queued_id"] = queued_id
        if raw is not None:
            fields["raw"] = raw

    @property
    def provider_id(self) -> str:
        """The provider's first id, or an empty string."""
        return self.provider_ids[0] if self.provider_ids else ""

    def with_status(self, status: Status) -> dict[str, RecipientStatus]:
        """Return the recipients that have this status."""
        return {address: row for address, row in self.recipients.items() if row.status is status}

    @property
    def accepted(self) -> tuple[str, ...]:
        """The addresses the server accepted."""
        return tuple(self.with_status(Status.ACCEPTED))

    @property
    def complete(self) -> bool:
        """Whether every recipient was accepted (or queued)."""
        return all(row.status in (Status.ACCEPTED, Status.QUEUED) for row in self.recipients.values())

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "message_id": self.message_id,
            "provider": self.provider,
            "transport": self.transport,
            "provider_ids": list(self.provider_ids),
            "queued_id": self.queued_id,
            "recipients": {address: row._asdict() for address, row in self.recipients.items()},
            "attempts": [attempt._asdict() for attempt in self.attempts],
        }
