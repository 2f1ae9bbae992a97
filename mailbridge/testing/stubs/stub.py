"""`ProviderStub`: a provider's API on this machine, for the time of a test."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mailbridge.dsn import Dsn
from mailbridge.errors import AuthFailed, ConfigError, ConnectFailed, MailError, OutcomeUnknown, RecipientRefused
from mailbridge.flow.http import HttpRequest, HttpResponse, encoded_json
from mailbridge.testing.faults import SERVER_ERROR, Planned
from mailbridge.testing.local_server import LocalServer
from mailbridge.testing.sent import SentMail
from mailbridge.testing.stubs.named import named
from mailbridge.testing.stubs.plans import Plans
from mailbridge.testing.stubs.reading import message_of
from mailbridge.testing.stubs.recorded import Recorded
from mailbridge.testing.stubs.replies import Replies
from mailbridge.testing.stubs.server import HttpServer

__all__ = ["ProviderStub"]

_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What reading a request ends in that the API does not document; MessageInvalid is a ValueError."""


class ProviderStub(LocalServer):
    """An HTTP server on loopback that answers as a provider documents it, and knows what was sent by it.

    It is real HTTP, so that the transport of mailbridge, a provider's own SDK or a plain HTTP client may
    speak to it. Requests are kept in `requests`, their messages in `sent`, those it refused in `failed`;
    the assertions are those of every mailbox. It runs while it is open as a context manager.

    Args:
        provider: the transport's name, such as `sendgrid`; or `Replies` of your own.

    Raises ConfigError for a provider that is not known.

    >>> from mailbridge import Mailer, Message
    >>> with ProviderStub("sendgrid") as stub, Mailer(stub.dsn) as mailer:
    ...     _ = mailer.send(Message(from_="app@example.com", to="ann@example.org", subject="Hi", text="Hello"))
    ...     stub.assert_sent(to="ann@example.org").subject
    'Hi'
    """

    def __init__(self, provider: str | Replies | type[Replies]) -> None:
        super().__init__()
        found = named(provider) if isinstance(provider, str) else provider
        self.replies = found() if isinstance(found, type) else found
        self._transport = Dsn.parse(self.replies.dsn).scheme
        self._server = HttpServer(self._respond)
        self._stopping = threading.Event()
        self._plans = Plans()
        self._pause = 0.0
        self._requests: list[Recorded] = []

    # --- how to reach it

    @property
    def url(self) -> str:
        """The server's address, `http://127.0.0.1:port`; the API's paths follow, as at the provider's host."""
        return self._server.url

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._server.host

    @property
    def port(self) -> int:
        """The port, while it is open."""
        return self._server.port

    @property
    def base_url(self) -> str:
        """What stands in the place of the provider's own address, the API's version included."""
        return self.url + self.replies.base

    @property
    def dsn(self) -> str:
        """The DSN of a transport that speaks to it; its credentials are made up."""
        dsn = Dsn.parse(self.replies.dsn)
        options = {**dsn.options, **self.replies.options(self.url)}
        return Dsn(dsn.scheme, user=dsn.user, password=dsn.password, host=dsn.host, options=options).reveal()

    # --- what came

    @property
    def requests(self) -> Sequence[Recorded]:
        """Every request, those for tokens included, oldest first."""
        with self._lock:
            return tuple(self._requests)

    def clear(self) -> None:
        """Forget what came; faults stay."""
        super().clear()
        with self._lock:
            self._requests.clear()

    # --- what shall go wrong

    def fail_next(self, *errors: MailError | type[MailError] | None) -> None:
        """Answer the next requests that send something so that a mailer raises these errors, one each.

        None is a request that succeeds; without any error it is a ServerError. The answer is the one that the
        provider documents; the error's `retry_after` is told as the provider tells it. A
        `RecipientRefused("bob@example.org")` waits for a message to him and refuses nobody else; without an address
        it refuses everybody. After OutcomeUnknown the message is accepted, and the connection dropped without an
        answer.

        Raises ConfigError for an error that this provider has no answer for.

        >>> from mailbridge import RateLimited
        >>> ProviderStub("sendgrid").fail_next(RateLimited(retry_after=3))
        """
        planned = [None if each is None else Planned(each) for each in errors or (SERVER_ERROR,)]
        for each in planned:
            if each is not None:
                self._check(each.error)
        with self._lock:
            self._plans.add(planned)

    def answer_next(
        self,
        status: int = 200,
        json: object = None,
        *,
        body: bytes = b"",
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Answer the next request that is not for a token, whatever it is, with this: `json`, or else `body`."""
        if json is not None:
            headers, body = [("Content-Type", "application/json"), *headers], encoded_json(json)
        with self._lock:
            self._plans.add([HttpResponse(status, headers, body)])

    def delay(self, seconds: float) -> None:
        """Answer every request from now on so much later; 0 ends that."""
        if seconds < 0:
            raise ValueError(f"delay is a number of seconds, not {seconds!r}")
        self._pause = seconds

    def heal(self) -> None:
        """Forget every fault and the delay."""
        with self._lock:
            self._plans.clear()
            self._pause = 0.0

    @contextmanager
    def down(self) -> Iterator[None]:
        """Refuse connections during a block, those that were open included: a mailer raises ConnectFailed."""
        self._server.close()
        try:
            yield
        finally:
            self._server.open()

    def __repr__(self) -> str:
        return f"<ProviderStub {self._transport} at {self.base_url}: {len(self._sent)} sent>"

    # --- how

    def _open(self) -> None:
        self._stopping.clear()
        self._server.open()

    def _close(self) -> None:
        self._stopping.set()
        self._server.close()

    def _check(self, error: Exception) -> None:
        """Raise ConfigError unless the provider has an answer that means this error."""
        if not isinstance(error, MailError):
            raise TypeError(f"a server can cause errors of mailbridge only, such as RateLimited(), not {error!r}")
        if type(error) in self.replies.own_ways:
            return
        try:
            self.replies.failure(error)
        except ConfigError as reason:
            if isinstance(error, ConnectFailed):
                reason.hints = ("Refuse connections for a while: `with stub.down(): …`.",)
            raise

    def _respond(self, request: HttpRequest) -> HttpResponse | None:
        """Record a request and return the answer to it; None drops the connection."""
        recorded = Recorded(request)
        with self._lock:
            self._requests.append(recorded)
            response = self._decided(request, recorded)
            recorded.status = 0 if response is None else response.status
        if recorded.sent:
            self._changes.announce()
        self._stopping.wait(self._pause)
        return response

    def _decided(self, request: HttpRequest, recorded: Recorded) -> HttpResponse | None:
        replies = self.replies
        if not replies.lets_in(request):
            return replies.failure(AuthFailed())
        try:
            read = replies.decode(request)
            mails = [SentMail(message_of(each), transport=self._transport, raw=each.raw) for each in read]
            good = replies.answer(request)
        except _UNREADABLE as error:
            return replies.unreadable(f"{type(error).__name__}: {error}")
        recorded.sent = tuple(mails)
        names = {to.key for mail in mails for to in mail.recipients}
        planned = self._plans.take(names, grants=replies.grants(request))
        if isinstance(planned, Planned):
            return self._failing(planned, request, mails)
        self._keep(mails, None if planned is None else _refusal_in(planned))
        return good if planned is None else planned

    def _failing(self, planned: Planned, request: HttpRequest, mails: list[SentMail]) -> HttpResponse | None:
        error = planned.error
        assert isinstance(error, MailError)  # noqa: S101 - `_check` has seen to it
        if isinstance(error, OutcomeUnknown):
            self._keep(mails, None)
            return None
        if isinstance(error, RecipientRefused) and RecipientRefused in self.replies.own_ways:
            hit = {
                to.key: to for mail in mails for to in mail.recipients if not planned.names or to.key in planned.names
            }
            response = self.replies.refusing(request, frozenset(to.wire.lower() for to in hit.values()))
            for mail in mails:
                nobody = not response.successful or all(to.key in hit for to in mail.recipients)
                self._keep([mail], error if nobody else None)
            return response
        self._keep(mails, error)
        return self.replies.failure(error)

    def _keep(self, mails: list[SentMail], error: MailError | None) -> None:
        for mail in mails:
            mail.error = error
        (self._sent if error is None else self._failed).extend(mails)

    def _notes(self) -> Iterator[str]:
        if left := len(self._plans):
            yield f"{left} {'plan' if left == 1 else 'plans'} of fail_next or answer_next did not happen."
        if unread := [each for each in self.requests if each.status >= 400 and not each.sent]:
            yield f"{len(unread)} requests without a mail were refused, the last one: {unread[-1]!r}"


def _refusal_in(planned: HttpResponse) -> MailError | None:
    """Return an error in the place of an answer that a test wrote itself, unless it is a success."""
    if planned.successful:
        return None
    return MailError(f"The test had it answered with HTTP {planned.status}.", code=planned.status)
