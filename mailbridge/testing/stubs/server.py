"""An HTTP server on loopback for stand-ins: a thread for each connection, kept open between requests."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from mailbridge.flow.http import HttpRequest, HttpResponse, Method

__all__ = ["HttpServer"]

LARGEST = 150 * 2**20
"""Octets of a body; more than any provider takes."""

Respond = Callable[[HttpRequest], HttpResponse | None]


class HttpServer:
    """Answers each request by a function; None drops the connection without an answer.

    Args:
        respond: is called in the connection's thread.
    """

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None
        self.host = "127.0.0.1"
        self.port = 0

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def open(self) -> None:
        """Listen; at the same port as before, if there was one."""
        self._listener = _Listener((self.host, self.port), self._respond)
        self.port = self._listener.server_address[1]
        # Looked at so often whether to stop: stopping costs every test that much.
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.005,), name=f"stand-in {self.port}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Close the port and every connection, and end the threads."""
        if self._listener is None or self._thread is None:
            return
        self._listener.shutdown()
        self._thread.join()
        self._listener.hang_up()
        self._listener.server_close()  # waits for the connections' threads
        self._listener = self._thread = None


class _Listener(ThreadingHTTPServer):
    daemon_threads = False  # `server_close` waits for others only
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], respond: Respond) -> None:
        self.respond = respond
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Connection)

    def server_bind(self) -> None:
        """Bind; the library's own would ask the resolver for our name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every conversation."""
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):  # it ended a moment ago
                    each.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave clients alone that went away; anything else is a fault of ours, told by threading's excepthook."""
        import sys

        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, None)))


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer is one packet
    server: _Listener

    def _exchange(self) -> None:
        try:
            body = self._body()
        except ValueError:
            self.send_error(400)
            return
        if body is None:
            self.send_error(413)
            return
        url = self.path if urlsplit(self.path).netloc else f"http://{self.headers['host']}{self.path}"
        request = HttpRequest(cast("Method", self.command), url, self.headers.items(), body)
        response = self.server.respond(request)
        if response is None:
            self.close_connection = True
        else:
            self._write(response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _exchange

    def _write(self, response: HttpResponse) -> None:
        self.send_response_only(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if response.header("date") is None:
            self.send_header("Date", self.date_time_string())
        if response.status >= 200 and response.status not in (204, 304):
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    def _body(self) -> bytes | None:
        """Return the body, however it is framed; None if it is too long. Raises ValueError if it is not framed."""
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return self._chunks()
        size = _size(self.headers.get("content-length") or "0", 10)
        return self.rfile.read(size) if size <= LARGEST else None

    def _chunks(self) -> bytes | None:
        found = bytearray()
        while size := _size(self.rfile.readline().partition(b";")[0], 16):
            if len(found) + size > LARGEST:
                return None
            found += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return bytes(found)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: what came is in the stand-in's `requests`."""


def _size(said: str | bytes, digits: Literal[10, 16]) -> int:
    size = int(said, digits)
    if size < 0:
        raise ValueError(f"{size} octets")
    return size
