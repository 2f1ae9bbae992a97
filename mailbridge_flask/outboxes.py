"""`Outboxes`: what was sent under TESTING, or while somebody records.

The kit of `mailbridge.testing` is imported when there is something to keep, or somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailbridge import Message, Receipt, hookimpl
from mailbridge.sending import suppression

if TYPE_CHECKING:
    from mailbridge.sending.suppression import Suppressed
    from mailbridge.testing.outbox import Outbox


class Outboxes:
    """The outbox of an app, and those that record at the moment.

    Its hook sees what was sent in earnest, for whoever records; what was kept in place of being sent came
    through `keep` already.
    """

    def __init__(self) -> None:
        self._standing: list[Outbox] = []
        self._recording: dict[int, Outbox] = {}  # by identity, for lists are equal when they are empty

    @property
    def standing(self) -> Outbox:
        """The outbox of the app."""
        if not self._standing:
            from mailbridge.testing.outbox import Outbox

            self._standing.append(Outbox())  # of two threads that made one each, both go on with the first
        return self._standing[0]

    @contextmanager
    def record(self) -> Iterator[Outbox]:
        """Give an outbox that fills while the block lasts."""
        from mailbridge.testing.outbox import Outbox

        made = Outbox()
        self._recording[id(made)] = made
        try:
            yield made
        finally:
            del self._recording[id(made)]

    def keep(self, mail: Suppressed) -> None:
        """Take a mail that was kept in place of being sent."""
        from mailbridge.testing.outbox import kept

        sent = kept(mail)
        for each in (self.standing, *list(self._recording.values())):
            each.keep(sent)

    @hookimpl
    def mailbridge_sent(self, message: Message, receipt: Receipt) -> None:
        """Take a mail that was sent."""
        if receipt.provider == suppression.WORD or not self._recording:
            return
        from mailbridge.testing.sent import SentMail

        for each in list(self._recording.values()):
            each.keep(SentMail(message, transport=receipt.transport, receipt=receipt))
