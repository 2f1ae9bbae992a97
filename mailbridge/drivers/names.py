"""Names and addresses: resolving a host, and our own name for EHLO."""

from __future__ import annotations

import functools
import re
import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from mailbridge.errors import ConfigError, ConnectFailed, MailError, TimedOut

Resolver = Callable[[str, int], list[tuple[int, tuple[Any, ...]]]]
"""From host and port to (address family, socket address) pairs, best first; raises OSError (gaierror)."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")  # RFC 5321 section 4.1.2; a machine may be called anything
_UNKNOWN = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def resolve(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
    """Ask the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


def is_literal(host: str) -> bool:
    """Whether `host` is an IP address, for which nobody needs to be asked."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def resolve_within(resolver: Resolver, host: str, port: int, timeout: float) -> list[tuple[int, tuple[Any, ...]]]:
    """Resolve in at most `timeout` seconds: the system's resolver knows no deadline of its own.

    Raises ConfigError (no such host), ConnectFailed (the resolver cannot say), TimedOut.
    """
    if is_literal(host):
        return resolver(host, port)
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(resolver(host, port))
        except Exception as error:  # noqa: BLE001 - handed to the caller's thread, nothing is lost
            answer.append(error)

    thread = threading.Thread(target=ask, name=f"resolve {host}", daemon=True)
    thread.start()
    thread.join(timeout)
    if not answer:
        raise TimedOut(f"The name {host} was not resolved within {timeout:g} s.", phase="connect")
    if isinstance(answer[0], OSError):
        raise name_error(answer[0], host) from answer[0]
    if isinstance(answer[0], Exception):
        raise answer[0]
    return answer[0]  # type: ignore[no-any-return]


def name_error(error: OSError, host: str) -> MailError:
    """Return the typed error for a name that was not resolved."""
    if isinstance(error, socket.gaierror) and error.errno in _UNKNOWN:
        return ConfigError(
            f"There is no host named {host}.",
            phase="connect",
            hints=["Check the host name; in a container, check that it has DNS."],
        )
    return ConnectFailed(f"The name {host} cannot be resolved now: {error.strerror or error}.", phase="connect")


@functools.cache
def host_name() -> str:
    """This machine's name if it is a full one that can stand in EHLO, else an empty string."""
    name = socket.gethostname()
    return name if _DOMAIN.fullmatch(name) and len(name) <= 255 and not name.endswith(".local") else ""


def own_name(local: Any) -> str:
    """Our name for EHLO: the full host name, else the address literal of our end (RFC 5321 section 4.1.3)."""
    if name := host_name():
        return name
    if isinstance(local, tuple) and local:
        address = str(local[0]).partition("%")[0]
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
    return "localhost"
