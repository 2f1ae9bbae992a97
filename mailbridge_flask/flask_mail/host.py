"""`Host`: what a connection hands its messages to, in the place of Flask-Mail's `smtplib.SMTP`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mailbridge import Envelope, Message, Status
from mailbridge_flask.flask_mail.addresses import each, one
from mailbridge_flask.flask_mail.failures import smtplib_too
from mailbridge_flask.flask_mail.options import envelope_options

if TYPE_CHECKING:
    from mailbridge_flask.app_mailer import AppMailer


class Host:
    """The Mailer of an app, with the one method of `smtplib.SMTP` that Flask-Mail's users know."""

    def __init__(self, outlet: AppMailer) -> None:
        self._outlet = outlet

    def sendmail(
        self,
        from_addr: str,
        to_addrs: str | Iterable[str],
        msg: bytes | str,
        mail_options: Iterable[str] = (),
        rcpt_options: Iterable[str] = (),
    ) -> dict[str, tuple[int | None, bytes]]:
        """Send a message that was rendered elsewhere; return the recipients that were not accepted.

        Raises MailError when there is no other, or the transport takes no rendered messages.
        """
        with smtplib_too():
            options = envelope_options(mail_options, rcpt_options)
            control: dict[str, Any] = {"require_tls": True} if options.pop("require_tls", False) else {}
            sender = one(from_addr, "from_addr") if from_addr else None
            envelope = Envelope(sender, each(to_addrs, "to_addrs"), **options)
            octets = msg.encode() if isinstance(msg, str) else msg
            mail = Message.from_bytes(octets, envelope=envelope, keep_raw=True)
            receipt = self._outlet.send(mail.replace(**control) if control else mail)
        lost = receipt.with_status(Status.REFUSED) | receipt.with_status(Status.DEFERRED)
        return {address: (row.code, row.text.encode()) for address, row in lost.items()}
