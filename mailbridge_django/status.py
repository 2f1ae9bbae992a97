"""`AnymailStatus`: a receipt or an error as code written for Anymail looks at it (`message.anymail_status`)."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from mailbridge import MailError, Receipt, Status

_WORDS = {
    Status.ACCEPTED: "queued",  # by the provider: accepted is not delivered
    Status.QUEUED: "queued",
    Status.REFUSED: "rejected",
    Status.SUPPRESSED: "rejected",
    Status.DEFERRED: "failed",
    Status.UNKNOWN: "unknown",
}


class AnymailRecipient(NamedTuple):
    """One recipient: the provider's id, and a word of Anymail's."""

    message_id: str | None
    status: str


class AnymailStatus:
    """The view: `status` is a set of words, or None before anything happened.

    `message_id` is the provider's id (the Message-ID where it gives none), a set of them where recipients
    have different ones.
    """

    def __init__(self, outcome: Receipt | MailError | None = None) -> None:
        self._outcome = outcome

    @cached_property
    def recipients(self) -> dict[str, AnymailRecipient]:
        """Each recipient by address."""
        return {} if self._outcome is None else _recipients(self._outcome)

    @cached_property
    def status(self) -> set[str] | None:
        """The words of all recipients."""
        return {each.status for each in self.recipients.values()} or (None if self._outcome is None else {"failed"})

    @cached_property
    def message_id(self) -> str | set[str | None] | None:
        """The id that all have, or a set of them."""
        ids = {each.message_id for each in self.recipients.values()}
        return ids.pop() if len(ids) == 1 else (ids or None)

    @property
    def esp_response(self) -> Any:
        """What the provider answered, decoded."""
        return getattr(self._outcome, "raw", None)

    def __repr__(self) -> str:
        said = "None" if self.status is None else "{" + ", ".join(map(repr, sorted(self.status))) + "}"
        return f"AnymailStatus(status={said}, message_id={self.message_id!r}, recipients={len(self.recipients)})"


def _recipients(outcome: Receipt | MailError) -> dict[str, AnymailRecipient]:
    if isinstance(outcome, Receipt):
        common: str | None = outcome.provider_id or outcome.message_id
    else:
        common = None
    return {
        address: AnymailRecipient(row.provider_id or common, _WORDS[row.status]) if row else _FAILED
        for address, row in outcome.recipients.items()
    }


_FAILED = AnymailRecipient(None, "failed")
