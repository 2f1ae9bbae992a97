"""Mails as a test kit has caught them, and a holder of such mails."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mailbridge.errors import MailError
from mailbridge.message.message import Message
from mailbridge.testing.assertions import Assertions
from mailbridge.testing.sent import SentMail


def message(**fields: Any) -> Message:
    """Make a message of which only what matters has to be said."""
    return Message(**{"from_": "App <app@example.com>", "to": "ann@example.org", "subject": "Hi", **fields})


def mail(**fields: Any) -> SentMail:
    return SentMail(message(**fields))


class Box(Assertions):
    """The least that a holder of mails has to be."""

    def __init__(
        self, *mails: SentMail, failed: Iterable[tuple[Message, MailError]] = (), notes: Iterable[str] = ()
    ) -> None:
        super().__init__()
        self._sent = list(mails)
        self._failed = [SentMail(each, error=error) for each, error in failed]
        self._said = tuple(notes)

    @property
    def sent(self) -> tuple[SentMail, ...]:
        return tuple(self._sent)

    @property
    def failed(self) -> tuple[SentMail, ...]:
        return tuple(self._failed)

    def _notes(self) -> Iterable[str]:
        return self._said

    def add(self, *mails: SentMail) -> None:
        self._sent += mails
        self._changes.announce()
