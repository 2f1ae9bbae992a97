"""`AsyncDriver`: performs flows on asyncio, for one event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from mailbridge.drivers.dialling import connect
from mailbridge.drivers.lanes import Lanes, Source
from mailbridge.drivers.names import Resolver, resolve
from mailbridge.drivers.pool import Shelves
from mailbridge.drivers.sync import busy
from mailbridge.flow.http import Http, HttpResponse
from mailbridge.flow.operations import (
    Await,
    Block,
    Close,
    Connect,
    Emit,
    Flow,
    Lease,
    Now,
    Op,
    Pull,
    Read,
    Release,
    Sleep,
    StartTls,
    Wall,
    Write,
)

if TYPE_CHECKING:
    from mailbridge.drivers.http.async_ import AsyncHttp

T = TypeVar("T")


class AsyncDriver:
    """Performs flows for any number of tasks of one event loop; connections left open by flows are pooled."""

    def __init__(self, resolver: Resolver | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self._resolver = resolver or resolve
        self._shelves = Shelves()
        self._waiting: dict[object, deque[asyncio.Future[None]]] = {}
        self._http: AsyncHttp | None = None

    async def run(self, flow: Flow[T]) -> T:
        """Perform a flow and return its result; cancelling closes what it had open."""
        run = _Run(self)
        try:
            return await run.through(flow, None)
        finally:
            run.end(flow)

    async def stream(
        self, begin: Callable[[], Flow[None]], source: Iterable[Any] | AsyncIterable[Any], lanes: int = 1
    ) -> AsyncGenerator[Any]:
        """Perform flows that pull from `source`, at most `lanes` side by side; yield what they emit, in order."""
        work = Lanes(Source(source), lanes, lambda lane: self._lane(begin(), lane))
        async with aclosing(work.outcomes()) as outcomes:
            async for outcome in outcomes:
                yield outcome

    async def _lane(self, flow: Flow[None], lane: Any) -> None:
        run = _Run(self)
        try:
            await run.through(flow, lane)
        finally:
            run.end(flow)

    @property
    def http(self) -> AsyncHttp:
        """The HTTP connections, made when first needed: SMTP users need not load httpx."""
        if self._http is None:
            from mailbridge.drivers.http.async_ import AsyncHttp

            self._http = AsyncHttp(self._resolver)
        return self._http

    async def close(self) -> None:
        """Take leave on every idle connection and close it."""
        if self._shelves.forked or self.loop is not asyncio.get_running_loop():
            self._shelves.forget()
            return
        if self._http is not None:
            await self._http.close()
        drained = self._shelves.drain()
        await asyncio.gather(*(self.run(resource.quit()) for _, resource in drained))
        if drained:
            await asyncio.wait([resource.stream.closed for _, resource in drained], timeout=1.0)

    async def lease(self, op: Lease) -> Any:
        """Take an idle resource, or None with the right to make one; wait while all are in use."""
        if self._shelves.forked:
            self._shelves.forget()
        granted, resource = (False, None) if op.key in self._waiting else self._shelves.take(op.key, op.limit)
        deadline = self.loop.time() + op.timeout
        while not granted:
            turn = self.loop.create_future()
            queue = self._waiting.setdefault(op.key, deque())
            queue.append(turn)
            try:
                async with asyncio.timeout_at(deadline):
                    await turn
            except BaseException as error:
                self._leave(op.key, turn)
                if turn.done() and not turn.cancelled():  # it was our turn, and we leave: the next one's, then
                    self._call(op.key)
                if isinstance(error, TimeoutError):
                    raise busy(op) from None
                raise
            self._leave(op.key, turn)
            granted, resource = self._shelves.take(op.key, op.limit)
        return resource

    def release(self, op: Release) -> None:
        """Take a resource back and let the next in line have it."""
        surplus = self._shelves.put(op.key, op.resource)
        self._call(op.key)
        if surplus is not None:
            surplus.stream.close()

    def _call(self, key: object) -> None:
        for turn in self._waiting.get(key, ()):
            if not turn.done():
                turn.set_result(None)
                break

    def _leave(self, key: object, turn: asyncio.Future[None]) -> None:
        queue = self._waiting[key]
        queue.remove(turn)
        if not queue:
            del self._waiting[key]


class borrowed:
    """The mailer's driver if it belongs to the running loop, else one for this call only."""

    __slots__ = ("_driver", "_resolver", "_temporary")

    def __init__(self, driver: AsyncDriver | None, resolver: Resolver | None) -> None:
        self._driver = driver
        self._resolver = resolver
        self._temporary: AsyncDriver | None = None

    async def __aenter__(self) -> AsyncDriver:
        if self._driver is not None and self._driver.loop is asyncio.get_running_loop():
            return self._driver
        self._temporary = AsyncDriver(self._resolver)
        return self._temporary

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._temporary is not None:
            await self._temporary.close()


class _Run:
    """One flow being performed: what it has open and on loan, so that a cancelled flow leaves nothing behind."""

    def __init__(self, driver: AsyncDriver) -> None:
        self.driver = driver
        self._open: set[Any] = set()
        self._leased: list[Any] = []

    async def through(self, flow: Flow[T], lane: Any) -> T:
        """Perform every operation of the flow; `lane` answers Pull and takes Emit."""
        at_once = _AT_ONCE
        try:
            op: Op[Any] = next(flow)
            while True:
                kind = type(op)
                try:
                    if kind is Write:
                        answer = op.stream.write(op.data, op.timeout)  # type: ignore[attr-defined]
                        if answer is not None:
                            await answer
                            answer = None
                    elif kind is Read:
                        answer = op.stream.received()  # type: ignore[attr-defined]
                        if answer is None:
                            answer = await op.stream.read()  # type: ignore[attr-defined]
                    elif kind in at_once:
                        answer = at_once[kind](self, op)
                    elif kind is Pull:
                        answer = lane.pull()
                        if answer is None:
                            answer = await lane.apull()
                    elif kind is Emit:
                        answer = lane.emit(op.outcome)  # type: ignore[attr-defined]
                    else:
                        answer = await _PERFORM[kind](self, op)
                except Exception as error:  # noqa: BLE001 - the flow decides what an error means
                    op = flow.throw(error)
                else:
                    op = flow.send(answer)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    async def connect(self, op: Connect) -> Any:
        stream = await connect(op, self.driver._resolver)
        self._open.add(stream)
        return stream

    def close(self, op: Close) -> None:
        self._open.discard(op.stream)
        op.stream.close()  # type: ignore[attr-defined]

    async def lease(self, op: Lease) -> Any:
        resource = await self.driver.lease(op)
        self._leased.append(op.key)
        if resource is not None:
            self._open.add(resource.stream)
        return resource

    def release(self, op: Release) -> None:
        self._leased.remove(op.key)
        if op.resource is not None:
            self._open.discard(op.resource.stream)
        self.driver.release(op)

    def end(self, flow: Flow[Any]) -> None:
        """Close the flow and whatever it left open."""
        flow.close()
        for stream in self._open:
            stream.close()
        for key in self._leased:
            self.driver.release(Release(key, None))


async def _start_tls(_: _Run, op: StartTls) -> None:
    await op.stream.start_tls(op.tls, op.timeout)  # type: ignore[attr-defined]


async def _sleep(_: _Run, op: Sleep) -> None:
    await asyncio.sleep(max(op.seconds, 0.0))


async def _http(run: _Run, op: Http) -> HttpResponse:
    return await run.driver.http.exchange(op)


async def _block(_: _Run, op: Block) -> Any:
    return await asyncio.to_thread(op.function, *op.args)


async def _await(_: _Run, op: Await) -> Any:
    return await op.awaitable


_PERFORM: dict[type[Any], Callable[[_Run, Any], Awaitable[Any]]] = {
    Connect: _Run.connect,
    Lease: _Run.lease,
    StartTls: _start_tls,
    Sleep: _sleep,
    Block: _block,
    Await: _await,
    Http: _http,
}
_AT_ONCE: dict[type[Any], Callable[[_Run, Any], Any]] = {
    Now: lambda run, op: time.monotonic(),
    Release: _Run.release,
    Close: _Run.close,
    Wall: lambda run, op: time.time(),
}
