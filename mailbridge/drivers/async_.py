"""`AsyncDriver`: performs flows on asyncio, for one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine, Iterable
from contextlib import aclosing
from contextvars import Context, copy_context
from time import monotonic
from time import time as wall
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from mailbridge.drivers.dialling import connect
from mailbridge.drivers.lanes import Lanes, Source
from mailbridge.drivers.leases import Leases
from mailbridge.drivers.names import Resolver, resolve
from mailbridge.errors import ConfigError
from mailbridge.flow.http import Http, HttpResponse
from mailbridge.flow.operations import (
    Await,
    Block,
    Clock,
    Close,
    Connect,
    Emit,
    Flow,
    Lease,
    Now,
    Op,
    Pull,
    Read,
    Ready,
    Release,
    Sleep,
    StartTls,
    Wall,
    Write,
)

if TYPE_CHECKING:
    from mailbridge.drivers.http.async_ import AsyncHttp

T = TypeVar("T")

_CONTEXTS_HAVE_NAMES = hasattr(asyncio.Task, "get_context")


class AsyncDriver:
    """Performs flows for any number of tasks of one event loop; connections left open by flows are pooled."""

    def __init__(self, resolver: Resolver | None = None) -> None:
        self.loop = running_loop()
        self._resolver = resolver or resolve
        self.entries = 0
        """How often its event loop is inside `async with mailer`; see `Loops`."""
        self._leases = Leases(self.loop)
        self._http: AsyncHttp | None = None

    def run(self, flow: Flow[T]) -> Coroutine[Any, Any, T]:
        """Perform a flow and return its result; cancelling closes what it had open."""
        return _Run(self, flow).through()

    async def stream(
        self, begin: Callable[[], Flow[None]], source: Iterable[Any] | AsyncIterable[Any], lanes: int = 1
    ) -> AsyncGenerator[Any]:
        """Perform flows that pull from `source`, at most `lanes` side by side; yield what they emit, in order."""
        work = Lanes(Source(source, ahead=lanes + 1), lanes, lambda lane: _Run(self, begin(), lane).through())
        async with aclosing(work.outcomes()) as outcomes:
            async for outcome in outcomes:
                yield outcome

    @property
    def http(self) -> AsyncHttp:
        """The HTTP connections, made when first needed: SMTP users need not load httpx."""
        if self._http is None:
            from mailbridge.drivers.http.async_ import AsyncHttp

            self._http = AsyncHttp(self._resolver)
        return self._http

    async def close(self) -> None:
        """Take leave on every idle connection and close it."""
        if self._leases.shelves.forked:
            self._leases.shelves.forget()
            return
        if self._http is not None:
            await self._http.close()
        drained = self._leases.shelves.drain()
        await asyncio.gather(*(self.run(resource.quit()) for _, resource in drained))
        if drained:
            await asyncio.wait([resource.stream.closed for _, resource in drained], timeout=1.0)

    async def lease(self, op: Lease) -> Any:
        """Take an idle resource, or None with the right to make one; wait while all are in use."""
        granted, resource = self._leases.take(op)
        return resource if granted else await self._leases.wait(op)

    def release(self, op: Release) -> None:
        """Take a resource back and let the next in line have it."""
        self._leases.put(op)


def running_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop that runs. Raises ConfigError where there is none of asyncio's, as under trio."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigError(
            "Asynchronous sends need an event loop of asyncio, and none runs here.",
            hints=["Run the program or its server on asyncio, or call mailer.send(message) in a thread."],
        ) from None


class borrowed:
    """The mailer's driver of the running loop where there is one, else one for this call only."""

    __slots__ = ("_driver", "_resolver", "_temporary")

    def __init__(self, driver: AsyncDriver | None, resolver: Resolver | None) -> None:
        self._driver = driver
        self._resolver = resolver
        self._temporary: AsyncDriver | None = None

    async def __aenter__(self) -> AsyncDriver:
        if self._driver is not None:
            return self._driver
        self._temporary = AsyncDriver(self._resolver)
        return self._temporary

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._temporary is not None:
            await self._temporary.close()


class _Run:
    """One flow being performed: what it has open and on loan, so that a cancelled flow leaves nothing behind.

    What has to be awaited is awaited by the task that runs `through`. What follows a `Read` is done where
    the event loop brings the octets: to wake the task for them would cost a future and a turn of the
    loop in every exchange.

    Args:
        lane: answers Pull and takes Emit.
    """

    def __init__(self, driver: AsyncDriver, flow: Flow[Any], lane: Any = None) -> None:
        self.driver = driver
        self._flow = flow
        self.lane = lane
        self._open: set[Any] = set()
        self._leased: list[Any] = []
        self._reading: Read | None = None
        self._context: Context | None = None
        self._turn: asyncio.Future[Coroutine[Any, Any, Any] | None] | None = None
        self._error: BaseException | None = None

    async def through(self) -> Any:
        """Perform every operation of the flow and return its result."""
        flow = self._flow
        # All of a flow runs in one context, so that hooks can undo what they set: in the task's own where Python
        # can name it (3.12), else in a copy.
        task: Any = asyncio.current_task() if _CONTEXTS_HAVE_NAMES else None
        self._context = context = copy_context() if task is None else task.get_context()
        in_task: Callable[..., Any] = context.run if task is None else _call
        try:
            op: Op[Any] = in_task(next, flow)
            while True:
                work: Coroutine[Any, Any, Any] | None = in_task(self._advance, op)
                if work is None and (work := await self._listened()) is None:
                    raise self._ended()
                try:
                    answer = await work
                except Exception as error:  # noqa: BLE001 - the flow decides what an error means
                    op = in_task(flow.throw, error)
                else:
                    op = in_task(flow.send, answer)
        except StopIteration as stop:
            return stop.value
        finally:
            self._end()

    def _advance(self, op: Op[Any]) -> Coroutine[Any, Any, Any] | None:
        """Perform `op` and those after it; return what has to be awaited first, or None while `op` listens."""
        flow, at_once = self._flow, _AT_ONCE
        while True:
            kind = type(op)
            try:
                if kind is Write:
                    answer = op.stream.write(op.data, op.timeout)  # type: ignore[attr-defined]
                    if answer is not None:
                        return answer  # type: ignore[no-any-return]
                elif kind is Read:
                    answer = op.stream.received()  # type: ignore[attr-defined]
                    if answer is None:
                        self._reading = op  # type: ignore[assignment]
                        op.stream.listen(self._heard)  # type: ignore[attr-defined]
                        return None
                elif kind is Now:
                    answer = monotonic()
                elif kind is Pull:
                    answer = self.lane.pull()
                    if answer is None:
                        return self.lane.apull()  # type: ignore[no-any-return]
                elif kind is Emit:
                    answer = self.lane.emit(op.outcome)  # type: ignore[attr-defined]
                elif kind is Lease:
                    granted, answer = self.driver._leases.take(op)  # type: ignore[arg-type]
                    if not granted:
                        return self._lease(op)  # type: ignore[arg-type]
                    self._take(op, answer)  # type: ignore[arg-type]
                elif kind in at_once:
                    answer = at_once[kind](self, op)
                else:
                    return _PERFORM[kind](self, op)
            except Exception as error:  # noqa: BLE001 - the flow decides what an error means
                op = flow.throw(error)
            else:
                op = flow.send(answer)

    async def _listened(self) -> Coroutine[Any, Any, Any] | None:
        """Wait until there is something to await; None when the flow has ended meanwhile."""
        self._turn = turn = self.driver.loop.create_future()
        work: Coroutine[Any, Any, Any] | None
        try:
            work = await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and (work := turn.result()) is not None:
                work.close()
            raise
        return work

    def _ended(self) -> BaseException:
        """Return what ended the flow, StopIteration included, and keep it in no frame: its traceback holds them."""
        error, self._error = self._error, None
        assert error is not None  # noqa: S101
        return error

    def _heard(self) -> None:
        """Go on: the event loop has brought what the flow reads, or the end."""
        op, self._reading = self._reading, None
        turn = self._turn
        if turn is None or turn.done() or op is None or self._context is None:  # cancelled
            return
        try:
            work = self._context.run(self._advance, op)
        except BaseException as error:
            self._error = error
            turn.set_result(None)
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
        else:
            if work is not None:
                turn.set_result(work)

    async def connect(self, op: Connect) -> Any:
        """Open a connection and keep it in mind."""
        stream = await connect(op, self.driver._resolver)
        self._open.add(stream)
        return stream

    def close(self, op: Close) -> None:
        """Close a connection."""
        self._open.discard(op.stream)
        op.stream.close()  # type: ignore[attr-defined]

    async def _lease(self, op: Lease) -> Any:
        resource = await self.driver._leases.wait(op)
        self._take(op, resource)
        return resource

    def _take(self, op: Lease, resource: Any) -> None:
        self._leased.append(op.key)
        if resource is not None:
            self._open.add(resource.stream)

    def release(self, op: Release) -> None:
        """Give a resource back."""
        self._leased.remove(op.key)
        if op.resource is not None:
            self._open.discard(op.resource.stream)
        self.driver.release(op)

    def _end(self) -> None:
        """Close the flow and whatever it left open."""
        if self._reading is not None:
            self._reading.stream.listen(None)  # type: ignore[attr-defined]
        self._flow.close()
        for stream in self._open:
            stream.close()
        for key in self._leased:
            self.driver.release(Release(key, None))


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


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


_PERFORM: dict[type[Any], Callable[[_Run, Any], Coroutine[Any, Any, Any]]] = {
    Connect: _Run.connect,
    StartTls: _start_tls,
    Sleep: _sleep,
    Block: _block,
    Await: _await,
    Http: _http,
}
_AT_ONCE: dict[type[Any], Callable[[_Run, Any], Any]] = {
    Release: _Run.release,
    Close: _Run.close,
    Clock: lambda run, op: monotonic,
    Ready: lambda run, op: run.lane.ready,
    Wall: lambda run, op: wall(),
}
