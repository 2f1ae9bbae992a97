"""`GivenTokens`: tokens that the application brings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mailbridge.flow.operations import Flow
from mailbridge.secret import Secret
from mailbridge.smtp.tokens import asked


class GivenTokens:
    """The tokens of a function of the application's, or the one token that it was given.

    The function is called as `token(refresh=False)`, and as `token(refresh=True)` once after the server
    refused one. It may be a coroutine function, or return a flow.
    """

    def __init__(self, source: Secret | Callable[..., Any]) -> None:
        self._source = source
        self._refused = ""
        self._fresh: Secret | None = None

    def token(self) -> Flow[Secret]:
        """Return the token; not the one that was refused, should the function return that once more."""
        token = yield from self._asked(refresh=False)
        if self._fresh is not None and token.reveal() == self._refused:
            return self._fresh
        return token

    def renewed(self, refused: str) -> Flow[bool]:
        """Whether the function has another token than the one that was refused."""
        if isinstance(self._source, Secret):
            return False
        if self._refused != refused:  # or else another send has asked meanwhile
            fresh = yield from self._asked(refresh=True)
            self._refused, self._fresh = refused, fresh
        return self._fresh is not None and self._fresh.reveal() != refused

    def __call__(self, *, refresh: bool) -> Flow[Secret]:
        """Answer a transport over SMTP."""
        return self._asked(refresh=refresh)

    def _asked(self, *, refresh: bool) -> Flow[Secret]:
        if isinstance(self._source, Secret):
            return self._source
        return (yield from asked(self._source, refresh))
