"""`Outbox`: what an application under test kept in place of sending it."""

from __future__ import annotations

from collections.abc import Sequence

from mailbridge.sending.suppression import Suppressed
from mailbridge.testing.assertions import Assertions
from mailbridge.testing.sent import SentMail

__all__ = ["Outbox", "kept"]

LIMIT = 1000
"""Mails that are kept; the oldest is forgotten first."""


class Outbox(Assertions, list[SentMail]):
    """Mails, oldest first: a list that tests may clear, with the assertions of `mailbridge.testing`.

    >>> from mailbridge import Message
    >>> outbox = Outbox()
    >>> outbox.keep(SentMail(Message(from_="shop@example.com", to="ann@example.org", subject="Hi")))
    >>> outbox.assert_sent(to="ann@example.org").subject, len(outbox)
    ('Hi', 1)
    """

    def __init__(self) -> None:
        list.__init__(self)
        Assertions.__init__(self)

    @property
    def sent(self) -> Sequence[SentMail]:
        """The mails."""
        return self

    def keep(self, mail: SentMail) -> None:
        """Add one."""
        self.append(mail)
        del self[:-LIMIT]
        self._changes.announce()


def kept(mail: Suppressed) -> SentMail:
    """Return what tests look at, of a mail that was suppressed."""
    return SentMail(mail.message, mailer=mail.mailer, transport=mail.transport, receipt=mail.receipt, raw=mail.mime)
