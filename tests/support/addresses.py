"""Addresses at which nobody answers, each in its own way, and names that resolve as a test likes."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Resolver = Callable[[str, int], list[tuple[int, tuple[Any, ...]]]]


class Address(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@contextlib.contextmanager
def refusing() -> Iterator[Address]:
    """Give an address that refuses connections, and that nobody else can take meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield Address(*bound.getsockname())


@contextlib.contextmanager
def silent() -> Iterator[Address]:
    """Give an address whose SYN is dropped.

    Linux drops the SYN of a connection for which the accept queue has no room, so a listener with a
    full queue looks from outside like a firewall that swallows packets.
    """
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            if not select.select([], [filler], [], 0.1)[1]:
                break
        else:
            raise AssertionError("the kernel accepts more connections than a backlog of 0 should hold")
        yield Address(*listener.getsockname())


def resolver(names: dict[str, list[str] | int]) -> Resolver:
    """Return a resolver that knows these names, each with its addresses in order or with an error.

    Mailer(dsn, resolver=resolver({"two.test": ["::1", "127.0.0.1"], "gone.test": socket.EAI_NONAME}))
    """

    def resolve(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
        answer = names[host] if host in names else [host]
        if isinstance(answer, int):
            raise socket.gaierror(answer, f"scripted answer for {host}")
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in answer]
        return [(family, (address, port)) for family, address in zip(families, answer, strict=True)]

    return resolve
