"""Who is answered: browsers that asked for this server by a name of this machine, by GET, from its own pages.

A page elsewhere can let its own host name point to 127.0.0.1 (DNS rebinding) and would then read what is shown
here; its requests are known by the name in `Host`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::[0-9]+)?")


class Doorkeeper:
    """An ASGI application in front of another: refuses what is not asked by name, by GET or by our own pages.

    Args:
        application: what answers those who are let in.
        names: the names of this server beside `localhost`, which together with the addresses of loopback always
            is one.
        addresses: let in whoever asks by an IP address, any: a rebound name is none.
    """

    def __init__(self, application: ASGIApp, *, names: Iterable[str] = (), addresses: bool = False) -> None:
        self.application = application
        self.names = {"localhost", *(name.strip("[]").lower() for name in names)}
        self.addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the application answer."""
        from starlette.responses import PlainTextResponse

        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["method"] not in ("GET", "HEAD"):
            refusal = PlainTextResponse("The preview is only to be looked at.", 405, {"Allow": "GET, HEAD"})
        elif not self.knows(headers.get("host", "")):
            refusal = PlainTextResponse(
                "The preview does not go by this name. Ask for it by the address it printed when it started, "
                "or start it with --allow-host NAME.",
                421,
            )
        elif _is_foreign(headers):
            refusal = PlainTextResponse("Other sites cannot use the preview.", 403)
        else:
            await self.application(scope, receive, send)
            return
        await refusal(scope, receive, send)

    def knows(self, host: str) -> bool:
        """Return whether a Host header names this server.

        >>> keeper = Doorkeeper(None)
        >>> [keeper.knows(host) for host in ("127.0.0.1:8026", "[::1]", "LocalHost:1", "evil.example:8026")]
        [True, True, True, False]
        """
        found = _HOST.fullmatch(host)
        if not found:
            return False
        name = found[1].strip("[]").lower().rstrip(".")
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in self.names
        return self.addresses or address.is_loopback or name in self.names


def _is_foreign(headers: dict[str, str]) -> bool:
    """Return whether a page of another site asks, other than by a link to us; so does a template's own output."""
    return headers.get("sec-fetch-site") in ("cross-site", "same-site") and headers.get("sec-fetch-mode") != "navigate"
