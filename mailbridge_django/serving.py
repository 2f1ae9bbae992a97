"""`keep_connections`: connections of mailers for as long as a project is served by ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack
from typing import Any

from mailbridge_django.mailers import mailer

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


def keep_connections(application: Application, *using: str) -> Application:
    """Return an ASGI application that keeps mailers open while it is served: `asend_mail` need not connect anew.

    Django's own takes no part in the lifespan of a server (ASGI, "Lifespan Protocol"). `using` names the mailers,
    the default one if there is none. Nothing is connected to before the first mail. A server that knows no
    lifespan serves the application as it is.

    >>> from django.core.asgi import get_asgi_application
    >>> application = keep_connections(get_asgi_application())  # in asgi.py
    """

    async def served(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(using or ("default",), receive, send)
        else:
            await application(scope, receive, send)

    return served


async def _live(using: tuple[str, ...], receive: Receive, send: Send) -> None:
    await receive()
    async with AsyncExitStack() as stack:
        try:
            for each in using:
                await stack.enter_async_context(mailer(each))
        except Exception as error:  # noqa: BLE001 -- the server tells it, and does not start
            await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})
