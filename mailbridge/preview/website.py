"""`application`: the preview as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailbridge.errors import ConfigError
from mailbridge.preview.catalogue import Catalogue
from mailbridge.preview.changes import Watched
from mailbridge.preview.hosts import Doorkeeper
from mailbridge.preview.isolation import PAGE_POLICY, output_policy
from mailbridge.preview.pages import FOLDER, Pages

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

EVERY = 0.3
"""Seconds between two looks at the files, while a page is open."""
LISTENERS = 50
"""Pages that may wait for changes at a time."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
}
_FILES = {"style.css": "text/css", "script.js": "text/javascript", "icon.svg": "image/svg+xml"}


def application(
    catalogue: Catalogue,
    *,
    names: Iterable[str] = (),
    addresses: bool = False,
    ended: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """Return the preview as an ASGI application, to be served by any server.

    Args:
        catalogue: what is shown.
        names: host names to answer to, beside those of loopback.
        addresses: answer to any IP address as host.
        ended: whether the server is about to end, so that pages that wait for changes are let go.

    Raises ConfigError when the extra `preview` is not installed.
    """
    with told_missing():
        from starlette.applications import Starlette
        from starlette.routing import Route

    site = _Site(catalogue, ended)
    routes = [
        Route("/", site.index),
        Route("/template/{name:path}", site.template),
        Route("/output/{name:path}", site.output),
        Route("/changes", site.changes),
        *(Route(f"/{name}", site.file) for name in _FILES),
    ]
    return Doorkeeper(Starlette(routes=routes), names=names, addresses=addresses)


class _Site:
    """Answers requests. What renders is a plain function, which Starlette runs in a thread."""

    def __init__(self, catalogue: Catalogue, ended: Callable[[], bool]) -> None:
        self.pages = Pages(catalogue)
        self.templates = catalogue.templates
        self.watched = Watched([*catalogue.templates.folders, *catalogue.samples.paths])
        self.ended = ended
        self.listeners = 0

    def index(self, request: Request) -> Response:
        """Show the list of the templates."""
        stamp = self._fresh()
        return _page(self.pages.index(stamp))

    def template(self, request: Request) -> Response:
        """Show a template."""
        stamp = self._fresh()
        page = self.pages.template(request.path_params["name"], request.query_params, stamp)
        return _page(page) if page is not None else _absent("There is no such template. / lists them all.")

    def output(self, request: Request) -> Response:
        """Show what a template says in HTML, alone."""
        self._fresh()
        found = self.pages.output(request.path_params["name"], request.query_params)
        if found is None:
            return _absent("There is no such HTML.")
        html, view = found
        return _page(html, output_policy(remote_images=view.images == "loaded"))

    def file(self, request: Request) -> Response:
        """Give a file of the page."""
        from starlette.responses import Response

        name = request.url.path.removeprefix("/")
        return Response((FOLDER / name).read_bytes(), media_type=_FILES[name], headers=_HEADERS)

    async def changes(self, request: Request) -> Response:
        """Wait for a change, and say so: events as EventSource reads them."""
        from starlette.responses import PlainTextResponse, StreamingResponse

        if self.listeners >= LISTENERS:
            return PlainTextResponse("Too many pages wait for changes.", 503, _HEADERS)
        since = request.query_params.get("since", "")
        return StreamingResponse(self._changes(request, since), media_type="text/event-stream", headers=_HEADERS)

    async def _changes(self, request: Request, since: str) -> AsyncIterator[str]:
        self.listeners += 1
        try:
            yield "retry: 1000\n\n"
            while not self.ended() and not await request.is_disconnected():
                await asyncio.sleep(EVERY)  # first, so that a file that never rests does not keep pages from being read
                if await asyncio.to_thread(self.watched.stamp) != since:
                    yield "event: changed\ndata:\n\n"
                    return
        finally:
            self.listeners -= 1

    def _fresh(self) -> str:
        """Return the state of the files, taken before they are read anew.

        Whatever it is: a layout may lie beyond the folders that are watched.
        """
        stamp = self.watched.stamp()
        self.templates.forget()
        return stamp


def _page(html: str, policy: str = PAGE_POLICY) -> Response:
    from starlette.responses import HTMLResponse

    return HTMLResponse(html, headers=_HEADERS | {"Content-Security-Policy": policy})


def _absent(text: str) -> Response:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse(text, 404, _HEADERS)


@contextmanager
def told_missing() -> Iterator[None]:
    """Raise ConfigError for a package of the extra that is not installed."""
    try:
        yield
    except ImportError as error:
        text = f"The preview needs the package {error.name}, which is not installed."
        raise ConfigError(text, hints=["Run: pip install '.[preview]' in a checkout of mailbridge."]) from error
