"""Starlette: a lifespan that makes the mailer, and where a request finds it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from inspect import isasyncgenfunction
from typing import Any

from starlette.requests import HTTPConnection

from mailbridge.asgi.serving import Source, begin, end
from mailbridge.errors import ConfigError
from mailbridge.mailer import Mailer

__all__ = ["mail_lifespan", "mailer_of"]


def mail_lifespan(
    source: Source = None, *, lifespan: Callable[[Any], AbstractAsyncContextManager[Any]] | None = None
) -> Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any]]]:
    """Return a lifespan that has one mailer while the application runs, as `request.state.mailer`.

    At the end it takes leave of the servers, which is after the last request and its background tasks.

    Args:
        source: a Mailer, Settings, or a function that returns a Mailer; by default the settings that
            environment, `.env` and `mailbridge.toml` hold at startup. What is wrong with them stops the startup.
        lifespan: the application's own; it runs inside, and its state is kept.

    >>> from starlette.applications import Starlette
    >>> app = Starlette(lifespan=mail_lifespan(Mailer("memory://")))
    """
    if lifespan is not None and isasyncgenfunction(lifespan):
        lifespan = asynccontextmanager(lifespan)

    @asynccontextmanager
    async def lifespan_with_mailer(app: Any) -> AsyncIterator[dict[str, Any]]:
        mailer = await begin(source)
        try:
            if lifespan is None:
                yield {"mailer": mailer}
            else:
                async with lifespan(app) as state:
                    yield {"mailer": mailer, **(state or {})}
        finally:
            await end(mailer)

    return lifespan_with_mailer


def mailer_of(connection: HTTPConnection) -> Mailer:
    """Return the application's mailer; `connection` is a Request or a WebSocket.

    In a mounted application it is that of the one it is mounted in. Raises ConfigError when the lifespan did
    not run.
    """
    found: Mailer | None = getattr(connection.state, "mailer", None)
    if found is None:
        raise ConfigError(
            "The application has no mailer.",
            hints=[
                "Pass lifespan=mail_lifespan() to it.",
                "In tests, enter the client (`with TestClient(app) as client`): the lifespan does not run otherwise.",
            ],
        )
    return found
