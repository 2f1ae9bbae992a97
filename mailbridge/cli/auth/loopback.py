"""The address on this machine that a browser comes back to after a login (RFC 8252 section 7.3)."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from types import TracebackType
from typing import Any, Self, TypeVar

from mailbridge.errors import AuthFailed, ConfigError, MailError

T = TypeVar("T")

_STEP = 0.5  # seconds; how soon Ctrl-C is noticed
_PAGE = "<!doctype html><meta charset=utf-8><title>mailbridge</title><p>{}<p>You can close this window."


class Loopback:
    """Listens on 127.0.0.1, for one answer.

    Args:
        port: the port, or 0 for any that is free.
    """

    def __init__(self, port: int = 0) -> None:
        try:
            self._server = _Server(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise ConfigError(
                f"Port {port} of 127.0.0.1 cannot be listened on: {error.strerror or error}.",
                hints=["Choose another with --port."],
            ) from error
        self._server.timeout = _STEP

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()

    @property
    def address(self) -> str:
        """The address to come back to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, read: Callable[[str], T | None], timeout: float) -> T:
        """Wait for the browser, at most `timeout` seconds; return what `read` finds in the target of its request.

        `read` returns None for a request about something else, which is answered with 404. Raises what
        `read` raises, and AuthFailed when nobody comes.
        """
        server = self._server
        server.read, server.found, server.error = read, None, None
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            server.handle_request()
            if server.error is not None:
                raise server.error
            if server.found is not None:
                found: T = server.found
                return found
        raise AuthFailed(f"Nobody has logged in within {timeout:.0f} s.", phase="auth", hints=["Begin again."])


class _Server(TCPServer):  # not HTTPServer, which asks the resolver for the name of this machine
    allow_reuse_address = True
    read: Callable[[str], Any]
    found: Any
    error: MailError | None

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a connection that breaks: the browser comes again, and others do not matter."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 5.0  # seconds for a request to come; a connection that says nothing must not keep the browser out

    def do_GET(self) -> None:
        try:
            found = self.server.read(self.path)
        except MailError as error:
            self.server.error = error
            self._say(200, "The login was refused.")
            return
        if found is None:
            self._say(404, "This is not the answer that mailbridge waits for.")
            return
        self.server.found = found
        self._say(200, "You are logged in.")

    def _say(self, status: int, text: str) -> None:
        body = _PAGE.format(text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the target of the request is a credential."""
