"""`TokenSource`: the access token of an account, renewed in time, and once for everybody who waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any, NamedTuple, Protocol

from mailbridge.errors import ConfigError, MailError, RateLimited, TimedOut
from mailbridge.flow.http import HttpOptions
from mailbridge.flow.operations import Block, Flow, Now, Sleep, Wall
from mailbridge.secret import Secret
from mailbridge.sending.oauth.endpoint import token_of
from mailbridge.sending.oauth.grants import Grant
from mailbridge.sending.oauth.store import TokenStore
from mailbridge.sending.oauth.token import Token
from mailbridge.sending.oauth.turn import Turn

JUST_NOW = 10.0
"""Seconds within which what was done, or failed for good, is not tried again."""

_NOW = Now()
_WALL = Wall()
_log = logging.getLogger("mailbridge.oauth")


class Tokens(Protocol):
    """Where a transport gets its access token from."""

    def token(self) -> Flow[Secret]:
        """Return a token that is good for another while. Raises AuthFailed when there is none to be had."""

    def renewed(self, refused: str) -> Flow[bool]:
        """Whether there is another token than the one that was refused; gets one if need be."""

    def __call__(self, *, refresh: bool) -> Any:
        """Answer a transport over SMTP (`mailbridge.smtp.server.Server`)."""


class TokenSource:
    """The token of one account; any number of threads, tasks and (given a store that they share) processes use it.

    When it is about to expire, or was refused, one of them renews it while the others wait; if it fails, it
    has failed for all of them. A login that is over is not tried again for a while, for a thousand messages
    would try it a thousand times. A new token is stored before it is used, for the old refresh token may
    be void by then.

    Args:
        grant: for what a token is given.
        url: the token endpoint, whatever was kept with a login; empty to ask the one that was kept, or `usual`.
        usual: the token endpoint of the authorisation server.
        http: how to reach it.
        store: where tokens are kept, under the name `account`.
        again: how a person logs in again.
    """

    def __init__(
        self,
        grant: Grant,
        *,
        usual: str,
        http: HttpOptions,
        store: TokenStore,
        account: str,
        url: str = "",
        again: str = "",
    ) -> None:
        self._grant = grant
        self._url = url
        self._usual = usual
        self._http = http
        self._store = store
        self._account = account
        self._again = again
        self._turn = Turn()
        self._token: Token | None = None
        self._demanded = -JUST_NOW
        self._failure: _Failure | None = None

    def token(self) -> Flow[Secret]:
        """Return a token that is good for another while, renewed if it has to be."""
        now: float = yield _WALL
        token = self._token
        if token is not None and token.is_fresh(now):
            return token.access
        try:
            return (yield from self._fresh("")).access
        except MailError as error:
            if token is None or not error.retryable or not token.will_do(now):
                raise
        return token.access  # it was to be renewed in time, and there is still some

    def renewed(self, refused: str) -> Flow[bool]:
        """Whether there is another token than the one that was refused; renews it unless somebody else has."""
        try:
            return (yield from self._fresh(refused)).access.reveal() != refused
        except MailError:
            refused = ""  # a traceback may show the variables of this frame
            raise

    def __call__(self, *, refresh: bool) -> Flow[Secret]:
        """Answer a transport over SMTP: its token, and after a refusal another one."""
        if not refresh:
            return (yield from self.token())
        # Several connections are refused at once, and none says which token it had: one renewal is for all.
        now: float = yield _NOW
        token = self._token
        if token is None or now - self._demanded >= JUST_NOW:
            token = yield from self._fresh(token.access.reveal() if token is not None else "")
            self._demanded = now
        return token.access

    def _fresh(self, refused: str) -> Flow[Token]:
        """Return a token that is good and not the refused one; errors come without the frames that hold secrets."""
        try:
            return (yield from self._found(refused))
        except MailError as error:
            refused = ""  # nor does this one
            raise error.with_traceback(None) from error.__cause__

    def _found(self, refused: str) -> Flow[Token]:
        """Return a token: somebody else's, the stored one, or a new one."""
        begun: float = yield _NOW
        pause = 0.005
        while True:
            wall: float = yield _WALL
            if (token := self._token) is not None and _good(token, refused, wall):
                return token
            now: float = yield _NOW
            if (failure := self._failure) is not None and failure.concerns(begun, now):
                raise copy(failure.error).with_traceback(None)
            if self._turn.take():
                with _ending(self._turn.give_back):
                    if (claim := (yield from self._call(self._store.claim))) is not None:
                        with _ending(claim):
                            return (yield from self._tried(refused))
            if now - begun > self._http.total:
                raise TimedOut(
                    f"Somebody else has been renewing the token of {self._account} for {self._http.total:g} s.",
                    phase="auth",
                )
            yield Sleep(pause)
            pause = min(pause * 1.5, 0.1)

    def _tried(self, refused: str) -> Flow[Token]:
        """Renew the token; a failure is noted for those who wait."""
        try:
            return (yield from self._renew(refused))
        except MailError as error:
            self._failure = _Failure(copy(error).with_traceback(None), (yield _NOW))
            raise

    def _renew(self, refused: str) -> Flow[Token]:
        stored: Token | None = yield from self._call(self._store.load)
        now: float = yield _WALL
        if stored is not None and _good(stored, refused, now):  # another process has done it
            self._token = stored
            return stored
        url = self._url or (stored.url if stored else "") or self._usual
        form = yield from self._grant.form(stored)
        token = yield from token_of(url, form, self._http, again=self._again)
        token = stored.succeeded_by(token) if stored else token
        self._token = token
        try:
            yield from self._call(self._store.save, token)
        except ConfigError as error:
            # The mail can go out; the next process may have to log in again, if the server rotates refresh tokens.
            _log.warning("the renewed token of %s could not be stored: %s", self._account, error)
        return token

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Flow[Any]:
        """Call a function of the store for this account, in a thread under asyncio unless it is quick."""
        try:
            if self._store.quick:
                return function(self._account, *arguments)
            return (yield Block(function, self._account, *arguments))
        except MailError:
            raise
        except Exception as error:  # of a store of the user's own; no mail was sent
            why = f"{type(error).__name__}: {error}"
            raise ConfigError(f"The token store of {self._account} failed with {why}.", phase="auth") from error


class _Failure(NamedTuple):
    """A renewal that failed, and when."""

    error: MailError
    moment: float

    def concerns(self, begun: float, now: float) -> bool:
        """Whether it stands for whoever began to ask at `begun`: he waited for it, or it is too early for another."""
        if isinstance(self.error, (ConfigError, RateLimited)):
            return now - self.moment < (self.error.retry_after or JUST_NOW)
        return begun < self.moment


def _good(token: Token, refused: str, now: float) -> bool:
    return token.access.reveal() != refused and token.is_fresh(now)


@contextmanager
def _ending(end: Callable[[], None]) -> Iterator[None]:
    """Call `end` at once, however the flow goes on or is abandoned; no operation, for those cannot be had then."""
    try:
        yield
    finally:
        end()
