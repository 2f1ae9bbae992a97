"""`Connection`: one way to the server, for one message or many."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mailbridge import Receipt
from mailbridge_flask.flask_mail.addresses import Named
from mailbridge_flask.flask_mail.conversion import check, converted
from mailbridge_flask.flask_mail.failures import smtplib_too
from mailbridge_flask.flask_mail.host import Host
from mailbridge_flask.flask_mail.message import Message
from mailbridge_flask.flask_mail.signals import email_dispatched
from mailbridge_flask.flask_mail.text import sanitize_address, sanitize_addresses

if TYPE_CHECKING:
    from mailbridge_flask.flask_mail.state import State


class Connection:
    """Sends messages, one after the other, on a connection that the Mailer keeps.

    `host` is None while mail is suppressed. `num_emails` counts the messages, from the start again at every
    MAIL_MAX_EMAILS, when the server is connected to anew.

        with mail.connect() as connection:
            for user in users:
                connection.send(Message("News", recipients=[user.email], body="…"))
    """

    def __init__(self, mail: State) -> None:
        self.mail = mail
        self.host: Any = None
        self.num_emails = 0

    def __enter__(self) -> Self:
        self.host = None if self.mail.suppress else Host(self.mail.outlet)
        self.num_emails = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the connection to the Mailer, for the next message."""

    def send(self, message: Message, envelope_from: Named | None = None) -> Receipt | None:
        """Send a message; return what became of its recipients.

        `envelope_from` is where bounces go, if not to the sender. While mail is suppressed a message may
        lack its sender; then there is no receipt. Raises Incomplete (an AssertionError), BadHeaderError, or
        another MailError that is the exception of `smtplib` as well: see `failures`.
        """
        with smtplib_too():
            check(message)
            if message.date is None:
                message.date = time.time()
            receipt = self._delivered(message, envelope_from)
        email_dispatched.send(self.mail.app, message=message)
        self.num_emails += 1
        if self.num_emails == self.mail.max_emails:
            self.num_emails = 0
        return receipt

    def send_message(self, *args: Any, **kwargs: Any) -> Receipt | None:
        """Send a Message of these arguments."""
        return self.send(Message(*args, **kwargs))

    def _delivered(self, message: Message, envelope_from: Named | None) -> Receipt | None:
        sender = message.sender or self.mail.fallback_sender()
        if not sender and self.mail.suppress:
            return None
        mail = converted(
            message,
            sender=sender,
            envelope_from=envelope_from,
            ascii_attachments=self.mail.ascii_attachments,
            features=self.mail.outlet.mailer.transport().features,
        )
        if self.host is not None and _is_patched(self.host):
            everybody = dict.fromkeys((*message.recipients, *message.cc, *message.bcc))
            self.host.sendmail(
                sanitize_address(envelope_from or sender),
                sanitize_addresses(everybody),
                message.as_bytes(),
                message.mail_options,
                message.rcpt_options,
            )
            return None
        return self.mail.outlet.send(mail)


def _is_patched(host: Any) -> bool:
    """Say whether a test put something of its own in the place of the host, or of its `sendmail`."""
    return not isinstance(host, Host) or "sendmail" in vars(host)
