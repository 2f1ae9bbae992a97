"""What Django's test runner puts into `mail.outbox`, seen by the mailboxes of the test kit as well.

In tests Django has its own backend in the place of ours, so that its mail passes no Mailer. While a mailbox is
open it does: each message is converted as in production, faults happen to it, Django's backend gets it as it
is, and receivers of signals are told. Hooks are not asked: Django's test runner takes the options away.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends import locmem

from mailbridge import Mailer, MailError, MessageInvalid, Receipt
from mailbridge.extend import Delivery
from mailbridge.testing.mailbox import Mailbox, current
from mailbridge_django.backend import EmailBackend
from mailbridge_django.convert import convert
from mailbridge_django.outbox import DjangoTransport
from mailbridge_django.posting import Posting, handed_over
from mailbridge_django.telling import tell

_Backend = locmem.EmailBackend
_keep = _Backend.send_messages
_changing = threading.Lock()
_open: list[Mailbox] = []


@contextmanager
def outbox(mailbox: Mailbox) -> Iterator[None]:
    """Have the mailbox see what Django sends for the time of a block."""
    with _changing:
        _open.append(mailbox)
        _Backend.send_messages = _send_messages
    try:
        yield
    finally:
        with _changing:
            _open.remove(mailbox)
            if not _open:
                _Backend.send_messages = _keep


class Original(DjangoTransport):
    """Hands one message of Django's to a backend, whatever has become of it as a Message."""

    def __init__(self, backend: Any, message: EmailMessage) -> None:
        super().__init__(backend)
        self._message = message

    def deliver(self, delivery: Delivery) -> Receipt:
        """Hand it over."""
        _keep(self._backend, [self._message])
        return self.accepted(delivery)


def _send_messages(backend: Any, messages: Iterable[EmailMessage]) -> int:
    """Do what Django's backend does, by way of the mailbox; it has seen already what comes from `mailer(…)`."""
    kept = 0
    for message in messages:
        if current() is None or hasattr(message, "mailbridge_message") or not message.recipients():
            kept += _keep(backend, [message])
        else:
            kept += _send(backend, message)
    return kept


def _send(backend: Any, message: EmailMessage) -> int:
    alias = getattr(backend, "alias", None)
    posting, transport = Posting(message, alias), Original(backend, message)
    tell(EmailBackend, posting.before())
    try:
        mail = convert(message, transport).mail
        name = alias or "default"
        outcome: Receipt | MailError = Mailer(mailers={name: transport}).send(mail, via=name)
    except MailError as error:
        outcome = error
    for told in posting.after(outcome):
        tell(EmailBackend, told)
    if not isinstance(outcome, MailError):
        return int(handed_over(outcome))
    if isinstance(outcome, MessageInvalid) or not _silent(backend):
        raise outcome
    return 0


def _silent(backend: Any) -> bool:
    """Say whether failures are counted; Django 6.1 warns whoever asks for the attribute it has no longer."""
    given = vars(backend)
    return bool(given.get("fail_silently", given.get("_fail_silently", False)))
