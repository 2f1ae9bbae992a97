"""What a scripted HTTP server may do with a request; see `support.http_peer`.

Actions are added up: `delay(0.1) + answer(503)`, `head(200, length=100) + raw(b"{") + drop()`. Each is done
when the request has been read to its end, except what stands in `early(…)`.
"""

from __future__ import annotations

import asyncio
import gzip as _gzip
import json as _json
import zlib
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.http_peer import Connection, Request

Effect = Callable[["Connection", "Request"], Awaitable[None]]
Headers = Iterable[tuple[str, str]] | dict[str, str]


class HttpAction:
    """One or more effects, performed in order; those of `first` before the body of the request is read."""

    def __init__(self, text: str, *effects: Effect, first: tuple[Effect, ...] = ()) -> None:
        self.text = text
        self.effects = effects
        self.first = first

    def __add__(self, other: HttpAction) -> HttpAction:
        first = self.first + other.first
        return HttpAction(f"{self.text} + {other.text}", *self.effects, *other.effects, first=first)

    def __repr__(self) -> str:
        return self.text


class Over(Exception):
    """The conversation on this connection is over; `end` says how."""

    def __init__(self, end: str) -> None:
        super().__init__(end)
        self.end = end


def answer(status: int = 200, body: object = b"", headers: Headers = ()) -> HttpAction:
    """Answer correctly: bytes as they are, text in UTF-8, anything else as JSON with its Content-Type."""
    octets, pairs = _body(body, headers)
    return _named(f"answer({status})", head(status, pairs, length=len(octets)) + raw(octets))


def head(status: int = 200, headers: Headers = (), *, length: int | None = None) -> HttpAction:
    """Say only the status line and the headers, with a Content-Length if one is given, true or not."""
    return _named(f"head({status})", raw(_head(status, [*_pairs(headers), *_length(length)])))


def chunked(*chunks: bytes, status: int = 200, headers: Headers = (), end: bytes = b"0\r\n\r\n") -> HttpAction:
    """Answer in chunks; an `end` of b"" leaves out the last one."""
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return _named(
        f"chunked({status})", head(status, [*_pairs(headers), ("Transfer-Encoding", "chunked")]) + raw(pieces + end)
    )


def gzip(status: int = 200, body: object = b"", headers: Headers = ()) -> HttpAction:
    """Answer correctly, compressed with gzip."""
    octets, pairs = _body(body, headers)
    return answer(status, _gzip.compress(octets), [*pairs, ("Content-Encoding", "gzip")])


def deflate(status: int = 200, body: object = b"", headers: Headers = ()) -> HttpAction:
    """Answer correctly, compressed with zlib."""
    octets, pairs = _body(body, headers)
    return answer(status, zlib.compress(octets), [*pairs, ("Content-Encoding", "deflate")])


def bomb(status: int = 200, size: int = 1 << 30, headers: Headers = ()) -> HttpAction:
    """Answer with `size` spaces, compressed with gzip to a thousandth."""
    packer = zlib.compressobj(wbits=31)
    block = b" " * (1 << 20)
    octets = b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()
    return _named("bomb()", answer(status, octets, [*_pairs(headers), ("Content-Encoding", "gzip")]))


def flood(status: int = 200, size: int = 1 << 30, headers: Headers = ()) -> HttpAction:
    """Answer with a body of `size` octets, until the client goes away; `peer.flooded` counts what it took."""

    async def write_on(connection: Connection, request: Request) -> None:
        block = b" " * 65536
        for _ in range(size // len(block)):
            await connection.write(block)
            connection.peer.flooded += len(block)
            await connection.pause(asyncio.sleep(0))

    return _named("flood()", head(status, headers, length=size) + HttpAction("…", write_on))


def raw(data: bytes | str) -> HttpAction:
    """Write exactly these octets."""
    octets = data.encode() if isinstance(data, str) else data

    async def say(connection: Connection, request: Request) -> None:
        await connection.write(octets)

    return HttpAction(f"raw({octets[:40]!r})", say)


def drip(data: bytes, every: float = 0.01, size: int = 1) -> HttpAction:
    """Write in pieces of `size` octets with a pause of `every` seconds before each."""

    async def say(connection: Connection, request: Request) -> None:
        for start in range(0, len(data), size):
            await connection.pause(asyncio.sleep(every))
            await connection.write(data[start : start + size])

    return HttpAction(f"drip({data[:40]!r})", say)


def delay(seconds: float) -> HttpAction:
    """Wait."""

    async def wait(connection: Connection, request: Request) -> None:
        await connection.pause(asyncio.sleep(seconds))

    return HttpAction(f"delay({seconds})", wait)


def wait_for(event: asyncio.Event | Any) -> HttpAction:
    """Wait until a `threading.Event` of the test is set."""

    async def wait(connection: Connection, request: Request) -> None:
        while not event.is_set():
            await connection.pause(asyncio.sleep(0.002))

    return HttpAction("wait_for()", wait)


def stall() -> HttpAction:
    """Read on but say nothing more, until the client closes or the test ends."""

    async def never_answer(connection: Connection, request: Request) -> None:
        while await connection.fill():
            connection.buffer.clear()
        raise Over("eof")

    return HttpAction("stall()", never_answer)


def freeze() -> HttpAction:
    """Neither read nor write any more, until the test ends."""

    async def never_move(connection: Connection, request: Request) -> None:
        await connection.pause(asyncio.Event().wait())

    return HttpAction("freeze()", never_move)


def drop() -> HttpAction:
    """Close with a FIN (under TLS without close_notify)."""

    async def close(connection: Connection, request: Request) -> None:
        connection.wire.close()
        raise Over("dropped")

    return HttpAction("drop()", close)


def reset() -> HttpAction:
    """Close with a RST."""

    async def abort(connection: Connection, request: Request) -> None:
        connection.wire.reset()
        raise Over("dropped")

    return HttpAction("reset()", abort)


def read(size: int) -> HttpAction:
    """Take in `size` octets of the body; for `early(read(1000) + reset())`."""

    async def take(connection: Connection, request: Request) -> None:
        while len(connection.buffer) < size and await connection.fill():
            pass

    return HttpAction(f"read({size})", take)


def early(action: HttpAction) -> HttpAction:
    """Do it as soon as the headers of the request are there, its body unread."""
    return HttpAction(f"early({action})", first=action.effects)


def tunnel(host: str | None = None, port: int | None = None) -> HttpAction:
    """Answer a CONNECT with 200 and pass octets to and fro; to another place than asked for, if given."""

    async def connect(connection: Connection, request: Request) -> None:
        wanted, _, number = request.target.rpartition(":")
        await connection.tunnel(host or wanted.strip("[]"), port or int(number))

    return HttpAction("tunnel()", connect)


def _named(text: str, action: HttpAction) -> HttpAction:
    action.text = text
    return action


def _head(status: int, pairs: list[tuple[str, str]]) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unnamed"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in pairs), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _body(body: object, headers: Headers) -> tuple[bytes, list[tuple[str, str]]]:
    pairs = _pairs(headers)
    if isinstance(body, bytes):
        return body, pairs
    if isinstance(body, str):
        return body.encode(), pairs
    kind = [] if any(name.lower() == "content-type" for name, _ in pairs) else [("Content-Type", "application/json")]
    return _json.dumps(body).encode(), [*kind, *pairs]


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return list(headers.items()) if isinstance(headers, dict) else list(headers)


def _length(length: int | None) -> list[tuple[str, str]]:
    return [] if length is None else [("Content-Length", str(length))]
