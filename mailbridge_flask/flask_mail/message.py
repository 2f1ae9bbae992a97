"""`Message`: a mail as Flask-Mail's users write it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from email.utils import make_msgid
from typing import TYPE_CHECKING, Any

from flask import current_app, has_app_context

from mailbridge import MessageInvalid
from mailbridge.extend import render
from mailbridge_flask.flask_mail.addresses import Named, one, shown
from mailbridge_flask.flask_mail.attachment import Attachment, Headers
from mailbridge_flask.flask_mail.conversion import bad_header, converted

if TYPE_CHECKING:
    from mailbridge import Receipt
    from mailbridge_flask.flask_mail.connection import Connection


class Message:
    """A mail. Everything can be given at once or set afterwards, and is judged when it is sent.

    Args:
        subject: one line.
        recipients, cc, bcc: addresses, or pairs of name and address; nobody sees `bcc`.
        body: plain text.
        html: the same as HTML.
        alts: further forms by their subtype of `text`, `{"calendar": "BEGIN:VCALENDAR…"}`.
        sender: address or pair; the app's MAIL_DEFAULT_SENDER by default.
        attachments: Attachments; `attach` adds more.
        reply_to: where answers go.
        date: seconds since 1970; the time of sending by default.
        charset: taken for Flask-Mail's sake: everything is written in UTF-8.
        extra_headers: further headers by name.
        mail_options, rcpt_options: parameters of ESMTP such as `RET=HDRS` and `NOTIFY=FAILURE`.

    >>> message = Message("Hello", recipients=["ann@example.org"], sender=("The App", "app@example.com"))
    >>> message.sender
    'The App <app@example.com>'
    """

    def __init__(
        self,
        subject: str = "",
        recipients: Iterable[Named] | None = None,
        body: str | None = None,
        html: str | None = None,
        alts: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        sender: Named | None = None,
        cc: Iterable[Named] | None = None,
        bcc: Iterable[Named] | None = None,
        attachments: Iterable[Attachment] | None = None,
        reply_to: Named | None = None,
        date: float | None = None,
        charset: str | None = None,
        extra_headers: Mapping[str, str] | None = None,
        mail_options: Iterable[str] | None = None,
        rcpt_options: Iterable[str] | None = None,
    ) -> None:
        self.subject = subject
        self.recipients = _list(recipients)
        self.body = body
        self.alts: dict[str, str] = dict(alts or {})
        if html is not None:
            self.html = html
        self.sender = shown(sender) or _default_sender()
        self.cc = _list(cc)
        self.bcc = _list(bcc)
        self.attachments = list(attachments or [])
        self.reply_to = reply_to
        self.date = date
        self.charset = charset
        self.extra_headers = extra_headers
        self.mail_options = list(mail_options or [])
        self.rcpt_options = list(rcpt_options or [])
        self._id: str | None = None

    @property
    def html(self) -> str | None:
        """The body as HTML: `alts["html"]`."""
        return self.alts.get("html")

    @html.setter
    def html(self, value: str | None) -> None:
        if value is None:
            self.alts.pop("html", None)
        else:
            self.alts["html"] = value

    @property
    def send_to(self) -> set[Named]:
        """Everybody who gets it."""
        return {*self.recipients, *self.cc, *self.bcc}

    @property
    def msgId(self) -> str:
        """Its Message-ID, at the domain of the sender, made when first asked for."""
        if self._id is None:
            self._id = make_msgid(domain=self._domain())
        return self._id

    @msgId.setter
    def msgId(self, value: str) -> None:
        self._id = value

    def add_recipient(self, recipient: Named) -> None:
        """Add one more to the recipients."""
        self.recipients.append(recipient)

    def attach(
        self,
        filename: str | None = None,
        content_type: str | None = None,
        data: str | bytes | None = None,
        disposition: str | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Add an Attachment of these arguments."""
        self.attachments.append(Attachment(filename, content_type, data, disposition, headers))

    def has_bad_headers(self) -> bool:
        """Say whether a header has a line break that does not merely fold it."""
        return bad_header(self) != ""

    def is_bad_headers(self) -> bool:
        """Do what `has_bad_headers` does; deprecated."""
        warnings.warn("is_bad_headers() is now called has_bad_headers().", DeprecationWarning, stacklevel=2)
        return self.has_bad_headers()

    def send(self, connection: Connection) -> Receipt | None:
        """Send it over a connection, as `connection.send(message)` does."""
        return connection.send(self)

    def as_bytes(self) -> bytes:
        """Return it as SMTP would carry it. Raises MessageInvalid for what could not be sent."""
        return bytes(render(converted(self)))

    def as_string(self) -> str:
        """Return `as_bytes()` decoded."""
        return self.as_bytes().decode()

    def __bytes__(self) -> bytes:
        return self.as_bytes()

    def __str__(self) -> str:
        return self.as_string()

    def _domain(self) -> str:
        try:
            return one(self.sender, "sender").ascii_domain
        except MessageInvalid:
            return "localhost"


def _list(values: Iterable[Named] | None) -> list[Named]:
    return [values] if isinstance(values, str) else list(values or [])


def _default_sender() -> str | None:
    """Return the default of the app at hand; without one the app that sends supplies its own."""
    state: Any = current_app.extensions.get("mail") if has_app_context() else None
    return shown(getattr(state, "default_sender", None))
