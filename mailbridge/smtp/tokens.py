"""OAuth 2 access tokens from a source of the caller's: a function, plain or asynchronous, or a flow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from inspect import isgenerator
from typing import Any

from mailbridge.errors import AuthFailed, MailError
from mailbridge.flow.operations import Await, Block, Flow
from mailbridge.secret import Secret


def asked(source: Callable[..., Any], refresh: bool) -> Flow[Secret]:
    """Ask a token source; the token is veiled wherever it passes, for tracebacks show variables.

    Raises AuthFailed when it has none; a MailError of its own is raised as it is.
    """

    def ask() -> Any:
        answer = source(refresh=refresh)
        if isgenerator(answer):
            return answer
        return _Awaited(answer) if hasattr(answer, "__await__") else secret(answer)

    try:
        token = yield from Block(ask)
        if isgenerator(token):
            token = secret((yield from token))
        elif isinstance(token, _Awaited):
            token = yield from Await(token, "the source of the access token")
    except MailError:
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise AuthFailed(f"The token source failed with {why}.", phase="auth") from error
    return token  # type: ignore[no-any-return]


class _Awaited:
    """An awaitable token, veiled as soon as it is there."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self._awaitable = awaitable

    def __await__(self) -> Generator[Any, Any, Secret]:
        return secret((yield from self._awaitable.__await__()))

    def close(self) -> None:
        """Give up on it: a coroutine left alone warns when collected."""
        close = getattr(self._awaitable, "close", None)
        if close is not None:
            close()


def secret(token: Any) -> Secret:
    """Return the token of a source. Raises AuthFailed for what is none."""
    text = token.reveal() if isinstance(token, Secret) else token
    # RFC 6750 section 2.1: printable ASCII; ^A would end it within XOAUTH2.
    if not isinstance(text, str) or not text or not text.isascii() or not text.isprintable():
        raise AuthFailed("The token source gave no token (printable ASCII text).", phase="auth")
    return Secret(text)
