"""`served`: an ASGI application under a real uvicorn on loopback.

    with served(app) as url:
        httpx.get(f"{url}/hello")

Leaving the block asks the server to stop, as SIGTERM does: it finishes requests and their background tasks, then
ends the application's lifespan. A startup that fails, fails the test.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

PATIENCE = 10.0  # seconds for starting and for stopping


class Served(uvicorn.Server):
    """A server in a thread, which says when it listens."""

    def __init__(self, app: Any) -> None:
        super().__init__(uvicorn.Config(app, lifespan="on", log_config=None, ws="none"))
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.listening.set()


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve the application and yield its URL."""
    server = Served(app)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        thread = threading.Thread(target=server.run, args=([sock],), name="uvicorn")
        thread.start()
        try:
            assert server.listening.wait(PATIENCE)
            assert server.started, "the application did not start"
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive(), "the server did not stop"
