"""Where the servers of the test kit listen: what goes to one of them is sent, also while a mailbox is open."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from mailbridge.sending.transport import Transport

__all__ = ["begin", "end", "goes_to_ours"]

_ports: set[int] = set()


def begin(port: int) -> None:
    """Note that a server of ours listens on a port of this machine."""
    _ports.add(port)


def end(port: int) -> None:
    """Note that it does not any more."""
    _ports.discard(port)


def goes_to_ours(transport: Transport) -> bool:
    """Whether a transport sends to a server of ours."""
    return transport.reach == "machine" and _port(transport) in _ports


def _port(transport: Any) -> int | None:
    url: str = getattr(transport, "base_url", "")
    port: int | None = getattr(getattr(transport, "server", None), "port", None)
    return urlsplit(url).port if url else port
