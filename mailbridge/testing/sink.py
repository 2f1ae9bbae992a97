"""`SmtpSink`: a mail server on this machine, for the time of a test."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Literal

from mailbridge.errors import AuthFailed, ConfigError, MailError
from mailbridge.inbox import CatchAll, Caught
from mailbridge.testing.faults import SERVER_ERROR, Planned
from mailbridge.testing.local_server import LocalServer
from mailbridge.testing.misconduct import Misconduct
from mailbridge.testing.sent import SentMail
from mailbridge.testing.smtp_faults import Ailment

__all__ = ["SmtpSink"]


class SmtpSink(LocalServer):
    """A real SMTP server on loopback that keeps what it gets, and misbehaves when a test wants it to.

    Whoever speaks SMTP may send to it: mailbridge, `smtplib`, another process. `sent` is read from the bytes
    on the wire; the assertions are those of every mailbox. It runs while it is open as a context manager.

    Args:
        tls: offer STARTTLS, speak TLS from the first byte, or neither; the certificate is made on the spot.
        auth: the one user and password that are accepted; without it nobody has to log in, and any login will do.
        require_auth: refuse mail before a login; by default when `auth` is given.
        max_size: the longest message, in bytes.
        max_recipients: the most recipients of a message.

    Raises ConfigError when the extra `inbox` is not installed.

    >>> from mailbridge import Mailer, Message
    >>> with SmtpSink() as sink, Mailer(sink.dsn) as mailer:
    ...     _ = mailer.send(Message(from_="app@example.com", to="ann@example.org", subject="Hi", text="Hello"))
    ...     sink.assert_sent(to="ann@example.org").subject
    'Hi'
    """

    def __init__(
        self,
        *,
        tls: Literal["starttls", "implicit", "off"] = "starttls",
        auth: tuple[str, str] | None = None,
        require_auth: bool | None = None,
        max_size: int = 50 * 2**20,
        max_recipients: int = 1000,
    ) -> None:
        super().__init__()
        self._conduct = Misconduct(self._keep)
        self._server = CatchAll(
            tls=tls,
            auth=auth,
            require_auth=require_auth,
            keep=1,
            max_size=max_size,
            max_recipients=max_recipients,
            conduct=self._conduct,
        )
        self._auth = auth

    # --- how to reach it

    @property
    def dsn(self) -> str:
        """The DSN that reaches it, with user, password and the authority to trust."""
        return self._server.dsn

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._server.host

    @property
    def port(self) -> int:
        """The port, while it is open."""
        return self._server.port

    @property
    def tls(self) -> str:
        """`starttls`, `implicit` or `off`."""
        return self._server.tls

    @property
    def ca_file(self) -> str | None:
        """The authority that clients have to trust, a file in PEM; None without TLS."""
        return self._server.ca_file

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """A context for clients that trusts it: for `smtplib`, aiosmtplib and the like."""
        return ssl.create_default_context(cafile=self.ca_file)

    @property
    def username(self) -> str | None:
        """The user that is accepted; None if any is."""
        return self._auth[0] if self._auth else None

    @property
    def password(self) -> str | None:
        """The password that is accepted; None if any is."""
        return self._auth[1] if self._auth else None

    # --- what shall go wrong

    def fail_next(self, *errors: MailError | type[MailError] | None) -> None:
        """Let the next messages go wrong so that a mailer raises these errors, one each; None is one that succeeds.

        Without any, it is a ServerError.

        `RecipientRefused("bob@example.org")` and `RecipientDeferred(…)` wait for a message to him and hit nobody
        else; without an address they hit every recipient. The reply has the error's `code`, `enhanced_code` and
        words where it has any. ConnectFailed closes a connection before the greeting, AuthFailed refuses a
        login; a client that is connected already has to connect anew for them. After TimedOut nothing is answered
        to MAIL. After OutcomeUnknown the message is taken, and the connection closed without an answer.

        Raises ConfigError for an error that no SMTP server causes.

        >>> from mailbridge import RateLimited, RecipientRefused
        >>> SmtpSink().fail_next(RateLimited, RecipientRefused("bob@example.org", code=550, enhanced_code="5.1.1"))
        """
        planned = [None if each is None else Planned(each) for each in errors or (SERVER_ERROR,)]
        for each in planned:
            if each is not None:
                self._check(Ailment(each))
        self._conduct.plan(planned)

    def refuse(self, address: str, code: int = 550, text: str = "5.1.1 No such user") -> None:
        """Refuse a recipient (a code of 4xx defers him) until `heal`, whoever else gets the message.

        Raises ConfigError for a code that is no refusal.
        """
        if not 400 <= code <= 599:
            raise ConfigError(f"{code} is no refusal.", hints=["Give a code from 400 to 599, such as 550."])
        self._conduct.refuse(address, f"{code} {text}")

    def greylist(self) -> None:
        """Defer each recipient the first time he is named, until `heal`."""
        self._conduct.greylist()

    def delay(self, seconds: float) -> None:
        """Answer the end of each message so much later, when it is taken already; 0 ends that."""
        if seconds < 0:
            raise ValueError(f"delay is a number of seconds, not {seconds!r}")
        self._conduct.pause = seconds

    def heal(self) -> None:
        """Forget every fault, refusal and delay."""
        self._conduct.heal()

    def __repr__(self) -> str:
        return f"<SmtpSink at {self.host}:{self.port}, tls={self.tls}: {len(self._sent)} sent>"

    # --- how

    def _open(self) -> None:
        self._server.start()

    def _close(self) -> None:
        self._server.stop()

    def _check(self, ailment: Ailment) -> None:
        """Raise ConfigError for a fault of logins where nobody has to log in."""
        if isinstance(ailment.error, AuthFailed) and self._auth is None:
            raise ConfigError(
                "Nobody logs in to this server, so that no login can be refused.",
                hints=['Have a login wanted: smtp_sink_factory(auth=("ann", "s3cret")).'],
            )

    def _keep(self, caught: Caught, error: MailError | None) -> None:
        """Keep a message. Raises MessageInvalid if it is none."""
        mail = SentMail.from_bytes(
            caught.raw, sender=caught.envelope_from, recipients=caught.recipients, transport="smtp", error=error
        )
        with self._lock:
            (self._sent if error is None else self._failed).append(mail)
        self._changes.announce()

    def _notes(self) -> Iterator[str]:
        if left := self._conduct.left:
            yield f"{left} {'fault' if left == 1 else 'faults'} of fail_next did not happen."
        if turned := self._conduct.turned_away:
            yield f"{turned} commands (MAIL, RCPT) were refused; such a message does not come."
