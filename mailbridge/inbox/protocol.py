"""The catch-all's side of the protocol: aiosmtpd, with what it lacks and without what it has too much.

Imported only when a server starts, because aiosmtpd comes with the extra `inbox`.
"""

from __future__ import annotations

import contextlib
import logging
import re
import time
from asyncio import BaseTransport, Future, get_running_loop
from collections.abc import Awaitable, Callable
from ssl import SSLContext
from typing import Any

from aiosmtpd import smtp

from mailbridge.inbox.conduct import Conduct, HangUp
from mailbridge.inbox.limits import Limits
from mailbridge.inbox.mailbox import Caught, Mailbox

_BARE_NEWLINE = re.compile(rb"\r(?!\n)|(?<!\r)\n")

# aiosmtpd warns there of much that is no concern of a catch-all's user; without any handler, logging
# would print it on standard error.
logging.getLogger("mail.log").addHandler(logging.NullHandler())


class Session(smtp.Session):
    """aiosmtpd's session, without the warning it logs about itself at every login."""

    login_data = None


class Protocol(smtp.SMTP):
    """One connection."""

    def __init__(
        self,
        handler: Handler,
        open_connections: set[Protocol],
        *,
        tls_context: SSLContext | None,
        auth_require_tls: bool,
        require_auth: bool,
    ) -> None:
        super().__init__(
            handler,
            data_size_limit=handler.limits.message,
            timeout=handler.limits.idle,
            enable_SMTPUTF8=True,
            hostname="localhost",  # else aiosmtpd asks the resolver for our name, at every connection
            ident="mailbridge catch-all",
            tls_context=tls_context,
            auth_require_tls=auth_require_tls,
            authenticator=handler.authenticate,
            loop=get_running_loop(),
        )
        # Not handed over above, where aiosmtpd would warn that there is no TLS; that was the caller's choice.
        self._auth_required = require_auth
        self._limit = handler.limits.connections
        self._conduct = handler.conduct
        self._open = open_connections

    def _create_session(self) -> smtp.Session:
        return Session(self.loop)

    def connection_made(self, transport: BaseTransport) -> None:
        """Join the open connections (again, encrypted, after STARTTLS)."""
        self._open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Leave the open connections; aiosmtpd calls this twice when a handshake fails."""
        if self in self._open:
            self._open.discard(self)
            super().connection_lost(error)

    def abort(self) -> None:
        """Close now, whatever is going on."""
        for transport in (self.transport, self._original_transport):
            if transport is not None:
                transport.abort()  # type: ignore[attr-defined]

    async def _handle_client(self) -> None:
        if len(self._open) > self._limit:
            await self.push("421 4.7.0 Too many connections, try again later")
            self._writer.close()
            return
        # A client that resets its connection is its own affair, not an unhandled error of a task.
        with contextlib.suppress(ConnectionError):
            if await self._greeted():
                await super()._handle_client()

    async def _greeted(self) -> bool:
        """Whether the connection goes on after its beginning."""
        try:
            reply = await self._conduct.greet(self)
        except HangUp:
            self.abort()
            return False
        if reply is not None:
            await self.push(reply)
            self._writer.close()
        return reply is None


class Handler:
    """What aiosmtpd asks at each step."""

    def __init__(self, mailbox: Mailbox, limits: Limits, accepts: Callable[[str, str], bool], conduct: Conduct) -> None:
        self._mailbox = mailbox
        self.limits = limits
        self._accepts = accepts
        self.conduct = conduct

    async def handle_EHLO(
        self, server: Protocol, session: Session, envelope: smtp.Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer PIPELINING too: aiosmtpd reads its commands from a stream, one after the other."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_MAIL(
        self, server: Protocol, session: Session, envelope: smtp.Envelope, address: str, options: list[str]
    ) -> str:
        """Take every sender."""
        address = _quoted(address)
        if reply := await _minded(server, self.conduct.sender(server, address)):
            return reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: Protocol, session: Session, envelope: smtp.Envelope, address: str, options: list[str]
    ) -> str:
        """Take every recipient, up to the limit."""
        if len(envelope.rcpt_tos) >= self.limits.recipients:
            return "452 4.5.3 Too many recipients"
        address = _quoted(address)
        if reply := await _minded(server, self.conduct.recipient(server, address)):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Protocol, session: Session, envelope: smtp.Envelope) -> str:
        """Keep the message."""
        sender = envelope.mail_from or ""
        caught = Caught(
            envelope_from="" if sender == "<>" else sender,
            recipients=tuple(envelope.rcpt_tos),
            raw=_BARE_NEWLINE.sub(b"\r\n", envelope.original_content or b""),
            received_at=time.time(),
            helo=session.host_name or "",
            tls=_tls_version(server.transport),
            authenticated_as=str(session.auth_data) if session.authenticated else "",
        )
        if reply := await _minded(server, self.conduct.message(server, caught)):
            return reply
        self._mailbox.add(caught)
        return f"250 OK caught as number {self._mailbox.received}"

    async def handle_exception(self, error: Exception) -> str:
        """Answer what went wrong here; no traceback for a client's broken handshake."""
        if not isinstance(error, smtp.TLSSetupException):
            logging.getLogger(__name__).error("the catch-all server failed: %s", error, exc_info=error)
        return f"451 4.3.0 {type(error).__name__}"

    def authenticate(
        self, server: smtp.SMTP, session: smtp.Session, envelope: smtp.Envelope, mechanism: str, credentials: Any
    ) -> smtp.AuthResult:
        """Judge a login."""
        user, password = (part.decode("utf-8", "replace") for part in credentials)
        good = self._accepts(user, password) and self.conduct.let_in(server, user)
        return smtp.AuthResult(success=good, handled=False, auth_data=user)


async def _minded(server: Protocol, answer: Awaitable[str | None]) -> str | None:
    """Return what the conduct answers; hang up if that is what it does."""
    try:
        return await answer
    except HangUp:
        server.abort()
        # Cancelled when the connection is gone, in a moment: nothing is said any more.
        never: Future[str | None] = get_running_loop().create_future()
        return await never


def _quoted(address: str) -> str:
    """Give quotes back to a local part that needs them: Python's parser of addresses leaves them out for dots."""
    local, at, domain = address.rpartition("@")
    if not at or local[:1] == '"' or all(local.split(".")):
        return address
    return f'"{local}"{at}{domain}'


def _tls_version(transport: BaseTransport | None) -> str:
    encrypted = transport.get_extra_info("ssl_object") if transport is not None else None
    return encrypted.version() or "" if encrypted is not None else ""


def connector(handler: Handler, **options: Any) -> tuple[Callable[[], Protocol], set[Protocol]]:
    """Return what makes a protocol for each connection, and the set of those that are open."""
    open_connections: set[Protocol] = set()
    return lambda: Protocol(handler, open_connections, **options), open_connections
