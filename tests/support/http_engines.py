"""The engines below HTTP behind one face: `sync`, `async` (httpcore) and `aiohttp` (extra `async`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mailbridge.drivers.http.async_ import AsyncHttp
from mailbridge.drivers.http.sync import SyncHttp
from mailbridge.drivers.names import Resolver, resolve
from mailbridge.flow.http import Http, HttpOptions, HttpRequest, HttpResponse
from mailbridge.flow.operations import TlsOptions

ENGINES = ("sync", "async", "aiohttp")


def options(*, ca_file: str | None = None, verify: bool = True, **times: Any) -> HttpOptions:
    """Return options with short times."""
    times = {"connect": 2.0, "read": 2.0, "write": 2.0, "total": 5.0, "pool": 2.0} | times
    return HttpOptions(tls=TlsOptions("", verify=verify, ca_file=ca_file), **times)


def post(url: str, body: bytes = b"{}", *headers: tuple[str, str]) -> HttpRequest:
    """Return a request that sends something."""
    return HttpRequest("POST", url, headers, body)


class Engine:
    """One engine, with an event loop of its own where it needs one."""

    def __init__(self, name: str, resolver: Resolver = resolve) -> None:
        if name == "aiohttp":
            pytest.importorskip("httpx_aiohttp", reason="the extra async is not installed")
        self.name = name
        self.colour = "sync" if name == "sync" else "async"
        self._runner = asyncio.Runner()
        self._resolver = resolver
        self.http: Any = SyncHttp(resolver) if name == "sync" else self.run(self._made)

    def exchange(self, request: HttpRequest, given: HttpOptions | None = None) -> HttpResponse:
        """Perform one exchange."""
        op = Http(request, given or options())
        if self.name == "sync":
            return self.http.exchange(op)  # type: ignore[no-any-return]
        return self.run(self.http.exchange, op)  # type: ignore[no-any-return]

    def run(self, function: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:
        """Await a call in this engine's loop."""
        return self._runner.run(function(*arguments))

    def close(self) -> None:
        """Close the connections, and the loop."""
        if self.name == "sync":
            self.http.close()
        else:
            self.run(self.http.close)
        self._runner.close()

    async def _made(self) -> AsyncHttp:
        return AsyncHttp(self._resolver, aiohttp=self.name == "aiohttp")
