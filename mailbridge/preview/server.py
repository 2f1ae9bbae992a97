"""`Server` and `serve`: the preview, listening on this machine."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mailbridge.errors import ConfigError
from mailbridge.preview.catalogue import Catalogue
from mailbridge.preview.samples import Samples
from mailbridge.preview.website import application, told_missing

if TYPE_CHECKING:
    from mailbridge.content import Templates

PORT = 8026
_PATIENCE = 10.0  # seconds for ending
_NEXT = 20  # ports that are looked at for a free one
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound to

_logger = logging.getLogger("mailbridge.preview")


class Server:
    """A server of the preview. It listens from the moment it is made; `run` answers, or `with`, in a thread.

    Args:
        catalogue: what is shown.
        host: the address to listen on; another than of loopback shows the templates to the network, and is warned of.
        port: the port; 0 takes a free one.
        names: host names to answer to, beside those of loopback and `host`.

    Raises ConfigError when the extra `preview` is not installed, or the address cannot be listened on.

    >>> from mailbridge.content import Templates
    >>> with Server(Catalogue(Templates("examples/templates/mail"))) as server:
    ...     server.url
    'http://127.0.0.1:8026/'
    """

    def __init__(
        self,
        catalogue: Catalogue,
        host: str = "127.0.0.1",
        port: int = PORT,
        *,
        names: Iterable[str] = (),
    ) -> None:
        with told_missing():
            import uvicorn

        local = _is_loopback(host)
        asgi = application(
            catalogue,
            names=names if local else (*names, host, socket.gethostname()),
            addresses=not local,
            ended=lambda: self._uvicorn.should_exit,
        )
        config = uvicorn.Config(
            asgi,
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=200,
            timeout_graceful_shutdown=2,
        )
        self._uvicorn = uvicorn.Server(config)
        self._socket = _listening(host, port)
        self._thread: threading.Thread | None = None
        port = self._socket.getsockname()[1]
        shown = _ANY.get(host, host)
        self.url = f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"
        if not local:
            _logger.warning(
                "The preview listens on %s: everybody who reaches this machine sees the templates and their samples.",
                host,
            )

    def run(self) -> None:
        """Answer until Ctrl-C, which leaves as KeyboardInterrupt once all is closed, or until `stop`."""
        with self._socket:
            self._uvicorn.run(sockets=[self._socket])

    def stop(self) -> None:
        """Let pages that wait go, and end."""
        self._uvicorn.should_exit = True
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.run, name="mailbridge preview", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def serve(
    templates: Templates,
    samples: Samples | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    locales: Sequence[str] = (),
    names: Iterable[str] = (),
    listening: Callable[[str], object] = print,
) -> None:
    """Show templates in a browser until Ctrl-C.

    Args:
        templates: what is shown, whatever engine is behind it.
        samples: the data to show them with; by default files beside the templates.
        host, port: where to listen; port 0 takes a free one.
        locales: further locales to show each template in.
        names: host names to answer to, beside those of loopback.
        listening: is told the URL.

    Raises ConfigError when the extra `preview` is not installed, or the address cannot be listened on.
    """
    server = Server(Catalogue(templates, samples, locales), host, port, names=names)
    listening(server.url)
    try:
        server.run()
    except KeyboardInterrupt:
        return  # how one ends it


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        # Python adds the address to some texts; negative numbers are those of look-ups, which have texts of their own.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or error
        hint = "Choose another address or port; port 0 takes a free one."
        if error.errno == errno.EADDRINUSE and (free := _free_after(host, port, family)):
            hint = f"Choose another port; {free} is free."
        raise ConfigError(f"The preview cannot listen on {host}, port {port}: {reason}.", hints=[hint]) from error


def _free_after(host: str, port: int, family: socket.AddressFamily) -> int | None:
    for number in range(port + 1, min(port + 1 + _NEXT, 65536)):
        with suppress(OSError):
            socket.create_server((host, number), family=family).close()
            return number
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
