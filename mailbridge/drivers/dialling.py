"""Connecting under asyncio: names, several addresses, one deadline."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

from mailbridge.drivers.names import Resolver, is_literal, name_error, resolve
from mailbridge.drivers.sockets import STAGGER, unanswered, unreachable
from mailbridge.drivers.wire import Wire
from mailbridge.errors import MailError, TimedOut
from mailbridge.flow.operations import Connect

Addresses = Sequence[tuple[int, tuple[Any, ...]]]


async def connect(op: Connect, resolver: Resolver) -> Wire:
    """Open a connection as `op` says, TLS included."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + op.timeout
    try:
        async with asyncio.timeout_at(deadline):
            wire = await (_unix(op) if op.host.startswith("/") else _tcp(op, resolver))
    except TimeoutError as error:
        if isinstance(error, MailError):
            raise
        raise unanswered(op) from error
    if op.tls is not None:
        try:
            await wire.start_tls(op.tls, max(deadline - loop.time(), 0.001))
        except BaseException:
            wire.close()
            raise
    return wire


async def _unix(op: Connect) -> Wire:
    try:
        _, wire = await asyncio.get_running_loop().create_unix_connection(Wire, op.host)
    except OSError as error:
        raise unreachable(op.host, error) from error
    return wire


async def _tcp(op: Connect, resolver: Resolver) -> Wire:
    loop = asyncio.get_running_loop()
    sock = await _race(op, await _resolved(op, resolver))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        _, wire = await loop.create_connection(Wire, sock=sock)
    except BaseException:
        sock.close()
        raise
    return wire


async def _resolved(op: Connect, resolver: Resolver) -> Addresses:
    if is_literal(op.host):  # nobody to ask, so nothing blocks
        return resolver(op.host, op.port)
    loop = asyncio.get_running_loop()
    try:
        if resolver is resolve:
            found = await loop.getaddrinfo(op.host, op.port, type=socket.SOCK_STREAM)
            return [(family, address) for family, _, _, _, address in found]
        return await loop.run_in_executor(None, resolver, op.host, op.port)
    except TimeoutError:
        raise TimedOut(f"The name {op.host} was not resolved within {op.timeout:g} s.", phase="connect") from None
    except OSError as error:
        raise name_error(error, op.host) from error


async def _race(op: Connect, addresses: Addresses) -> socket.socket:
    """Try the addresses in order, each a moment after the one before; the first to answer wins."""
    waiting = list(addresses)
    tries: set[asyncio.Task[socket.socket]] = set()
    last: OSError = OSError("no address")
    try:
        while waiting or tries:
            if waiting:
                tries.add(asyncio.create_task(_dial(op, *waiting.pop(0))))
            done, tries = await asyncio.wait(
                tries, timeout=STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            won: socket.socket | None = None
            for task in done:
                error = task.exception()
                if error is None and won is None:
                    won = task.result()
                elif error is None:
                    task.result().close()
                elif isinstance(error, OSError):
                    last = error
                else:
                    raise error
            if won is not None:
                return won
    finally:
        for task in tries:
            task.cancel()
        if tries:
            for outcome in await asyncio.gather(*tries, return_exceptions=True):
                if isinstance(outcome, socket.socket):
                    outcome.close()
    raise unreachable(f"{op.host}:{op.port}", last) from last


async def _dial(op: Connect, family: int, address: tuple[Any, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if op.source_address is not None:
            sock.bind((op.source_address, 0))
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock
