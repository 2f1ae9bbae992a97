"""`Replies`: what a provider answers, and how its requests are read back."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar, NamedTuple
from urllib.parse import urlsplit

from mailbridge.errors import ConfigError, ContentRefused, MailError, OutcomeUnknown, RecipientRefused
from mailbridge.flow.http import HttpRequest, HttpResponse, encoded_json
from mailbridge.testing.contract.decoded import Decoded

__all__ = ["Refusal", "Replies", "json_answer", "path_of"]


class Refusal(NamedTuple):
    """One documented error: the status, the provider's words, and its own code or name and field, if it has them.

    In the words `{seconds}` stands for how long to wait, `{until}` for when that is over, in UTC.
    """

    status: int
    text: str
    code: str | int = ""
    field: str = ""


class Replies:
    """What one provider answers, request by request; both the contract of transports and `ProviderStub` ask it.

    A subclass defines `dsn`, `answer` and `decode`, and what it can refuse: `refusals` with `error`, and
    `refusing` where the provider tells recipients apart. An instance belongs to one test and may remember
    what was uploaded. No method makes a request of its own.

    >>> class Acme(Replies):
    ...     dsn = "acme://ak_key@default"
    ...     refusals = {ContentRefused: Refusal(422, "No subject.", "no_subject")}
    ...     def answer(self, request):
    ...         return json_answer({"id": "m1"})
    ...     def decode(self, request):
    ...         return []
    >>> Acme().failure(ContentRefused()).body
    b'{"error":{"message":"No subject.","code":"no_subject"}}'
    """

    dsn: ClassVar[str]
    """How the transport is configured, with credentials of the right shape."""

    base: ClassVar[str] = ""
    """The path that every path of the API begins with, such as `/v3`."""

    token: ClassVar[str] = ""
    """The path of the endpoint that grants access tokens, if tokens are asked for."""

    key_header: ClassVar[str] = "authorization"
    """The header without which nobody is let in; empty if the credentials are not in a header."""

    refusals: ClassVar[Mapping[type[MailError], Refusal]] = {}
    """What the provider says when a mailer is to raise this error.

    In its own words where it documents them; a 503, of which few say anything, is HTTP's (RFC 9110).
    """

    template: ClassVar[str] = "12345"
    """An id that a template may have."""

    tolerated: ClassVar[Mapping[str, str]] = {}
    """For the contract: differences that the provider leaves no choice about, with the reason."""

    unable: ClassVar[Mapping[str, str]] = {}
    """For the contract: ordinary messages that the provider cannot send, with the reason."""

    provider_ids: ClassVar[bool] = True
    """For the contract: whether an answer holds an id of the message."""

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Return what the provider says when all is well, to requests for tokens and of `verify()` too."""
        raise NotImplementedError(f"{type(self).__name__} does not answer")

    def decode(self, request: HttpRequest) -> Sequence[Decoded]:
        """Return the messages in a request, in order; none for requests that send nothing.

        May raise LookupError, TypeError, ValueError or AttributeError for what the API does not document.
        """
        raise NotImplementedError(f"{type(self).__name__} does not read requests")

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return a refusal in the shape of the provider's errors."""
        return json_answer({"error": {"message": refusal.text, "code": refusal.code}}, refusal.status)

    def refusing(self, request: HttpRequest, who: frozenset[str]) -> HttpResponse:
        """Return what is said when only the recipients `who` (addresses in small letters) are refused."""
        raise NotImplementedError(f"{type(self).__name__} refuses no recipients")

    def waiting(self, seconds: int) -> list[tuple[str, str]]:
        """Return the headers by which a 429 asks to wait; other answers have Retry-After."""
        return [("Retry-After", f"{seconds}")]

    def options(self, url: str) -> dict[str, str]:
        """Return what makes the transport speak to a server at `url`."""
        found = {"base_url": f"{url}{self.base}"}
        return found | {"token_url": f"{url}{self.token}"} if self.token else found

    # --- what others ask

    @property
    def own_ways(self) -> list[type[MailError]]:
        """The errors that are caused otherwise than by an entry of `refusals`."""
        tells_apart = type(self).refusing is not Replies.refusing
        return [OutcomeUnknown, *([RecipientRefused] if tells_apart else [])]

    @property
    def kinds(self) -> list[type[MailError]]:
        """Every error that this provider can be made to cause."""
        return [*self.refusals, *self.own_ways]

    def failure(self, error: MailError) -> HttpResponse:
        """Return the documented answer that makes a mailer raise an error of just this kind.

        Raises ConfigError if there is none.
        """
        refusal = self.refusals.get(type(error))
        if refusal is None:
            raise ConfigError(
                f"{type(self).__name__} documents no answer that means {type(error).__name__}.",
                hints=[f"It has some for {', '.join(sorted(each.__name__ for each in self.kinds))}."],
            )
        seconds = None if error.retry_after is None else math.ceil(error.retry_after)
        return self._told(refusal, seconds)

    def unreadable(self, why: str) -> HttpResponse:
        """Return the refusal of a request that the API does not document, with what is wrong with it."""
        refusal = self.refusals.get(ContentRefused, Refusal(400, ""))
        return self.error(refusal._replace(text=f"mailbridge's stand-in cannot read the request: {why}"))

    def grants(self, request: HttpRequest) -> bool:
        """Whether a request asks for an access token."""
        return bool(self.token) and path_of(request) == self.token

    def lets_in(self, request: HttpRequest) -> bool:
        """Whether a request shows credentials, of whatever value; one for a token has them in its body."""
        return not self.key_header or self.grants(request) or bool(request.header(self.key_header))

    def _told(self, refusal: Refusal, seconds: int | None) -> HttpResponse:
        """Fill in how long to wait; a Date goes along, for some say it as a moment."""
        now = time.time()
        pause = 60 if seconds is None else seconds
        until = datetime.fromtimestamp(int(now) + pause, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        text = refusal.text.replace("{seconds}", f"{pause}").replace("{until}", until)
        response = self.error(refusal._replace(text=text))
        if seconds is None:
            return response
        date = datetime.fromtimestamp(int(now), UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        asking = self.waiting(seconds) if response.status == 429 else [("Retry-After", f"{seconds}")]
        return HttpResponse(response.status, [*response.headers, ("Date", date), *asking], response.body)


def json_answer(body: object, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> HttpResponse:
    """Return a response whose body is JSON."""
    return HttpResponse(status, [("Content-Type", "application/json"), *headers], encoded_json(body))


def path_of(request: HttpRequest) -> str:
    """Return the path of a request's URL, without the query."""
    return urlsplit(request.url).path
