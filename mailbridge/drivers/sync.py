"""`SyncDriver`: performs flows with plain sockets, in the caller's thread."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from mailbridge.drivers import sockets
from mailbridge.drivers.names import Resolver, resolve
from mailbridge.drivers.pool import Shelves
from mailbridge.errors import ConfigError, TimedOut
from mailbridge.flow.http import Http
from mailbridge.flow.operations import (
    END,
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
    from mailbridge.drivers.http.sync import SyncHttp

T = TypeVar("T")


class SyncDriver:
    """Performs flows for any number of threads; connections left open by flows are pooled."""

    def __init__(self, resolver: Resolver | None = None) -> None:
        self._resolver = resolver or resolve
        self._shelves = Shelves()
        self._returned = threading.Condition()
        self._http: SyncHttp | None = None
        # Whoever never closes a mailer gets its sockets closed with it, without a word on them.
        weakref.finalize(self, self._shelves.renounce)

    def run(self, flow: Flow[T]) -> T:
        """Perform a flow and return its result."""
        run = _Run(self)
        perform = _PERFORM
        try:
            op = next(flow)
            while True:
                try:
                    answer = perform[type(op)](run, op)
                except Exception as error:  # noqa: BLE001 - the flow decides what an error means
                    op = flow.throw(error)
                else:
                    op = flow.send(answer)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            run.end(flow)

    def stream(self, flow: Flow[None], source: Iterable[Any]) -> Generator[Any]:
        """Perform a flow that pulls from `source`, and yield what it emits.

        An exception of the source is raised after the outcomes of everything taken before it.
        """
        run = _Run(self)
        perform = _PERFORM
        pull = iter(source).__next__
        broken: Exception | None = None
        try:
            op: Op[Any] = next(flow)
            while True:
                kind = type(op)
                if kind is Emit:
                    yield op.outcome  # type: ignore[attr-defined]
                    op = flow.send(None)
                    continue
                if kind is Pull:
                    try:
                        answer = pull()
                    except StopIteration:
                        answer = END
                    except Exception as error:  # noqa: BLE001 - kept, and raised to the caller in its turn
                        answer, broken = END, error
                    op = flow.send(answer)
                    continue
                try:
                    answer = perform[kind](run, op)
                except Exception as error:  # noqa: BLE001 - the flow decides what an error means
                    op = flow.throw(error)
                else:
                    op = flow.send(answer)
        except StopIteration:
            if broken is not None:
                raise broken from None
        finally:
            run.end(flow)

    @property
    def http(self) -> SyncHttp:
        """The HTTP connections, made when first needed: SMTP users need not load httpx."""
        if self._http is None:
            from mailbridge.drivers.http.sync import SyncHttp

            with self._returned:  # two would be two pools
                if self._http is None:
                    self._http = SyncHttp(self._resolver)
                    weakref.finalize(self, self._http.close)
        return self._http

    def close(self) -> None:
        """Take leave on every idle connection and close it: of all first, so that the answers have the same time."""
        self._own()
        if self._http is not None:
            self._http.close()
        with self._returned:
            drained = self._shelves.drain()
        leaving = [self._steps(resource.quit()) for _, resource in drained]
        for steps in leaving:
            for op in steps:
                if type(op) is Read:
                    break
        for steps in leaving:
            for _ in steps:
                pass

    def _steps(self, flow: Flow[Any]) -> Generator[Op[Any]]:
        """Perform a flow, pausing before each operation."""
        run = _Run(self)
        resume: Callable[[Any], Op[Any]] = flow.send
        answer: Any = None
        try:
            while True:
                op = resume(answer)
                yield op
                try:
                    resume, answer = flow.send, _PERFORM[type(op)](run, op)
                except Exception as error:  # noqa: BLE001 - the flow decides what an error means
                    resume, answer = flow.throw, error
        except StopIteration:
            pass
        finally:
            run.end(flow)

    def lease(self, op: Lease) -> Any:
        """Take an idle resource, or None with the right to make one; wait while all are in use."""
        self._own()
        with self._returned:
            granted, resource = self._shelves.take(op.key, op.limit)
            deadline = time.monotonic() + op.timeout
            while not granted:
                if not self._returned.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                    raise busy(op)
                granted, resource = self._shelves.take(op.key, op.limit)
        return resource

    def release(self, op: Release) -> None:
        """Take a resource back."""
        with self._returned:
            surplus = self._shelves.put(op.key, op.resource)
            self._returned.notify_all()  # those who wait, wait for different keys
        if surplus is not None:
            surplus.stream.close()

    def _own(self) -> None:
        """Leave to the parent what is the parent's, if this process was forked off meanwhile."""
        if self._shelves.forked:
            self._returned = threading.Condition()  # a thread of the parent may have held the old one
            self._shelves.renounce()


def busy(op: Lease) -> TimedOut:
    """Return the error for a pool that stays empty."""
    return TimedOut(
        f"All {op.limit} connections stayed in use for {op.timeout:g} s.",
        phase="connect",
        hints=["Allow more with `connections`, or send fewer messages at once."],
    )


class _Run:
    """One flow being performed: what it has open and on loan, so that an abandoned flow leaves nothing behind."""

    def __init__(self, driver: SyncDriver) -> None:
        self.driver = driver
        self._open: set[Any] = set()
        self._leased: list[Any] = []

    def connect(self, op: Connect) -> Any:
        stream = sockets.connect(op, self.driver._resolver)
        self._open.add(stream)
        return stream

    def close(self, op: Close) -> None:
        self._open.discard(op.stream)
        op.stream.close()  # type: ignore[attr-defined]

    def lease(self, op: Lease) -> Any:
        resource = self.driver.lease(op)
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


def _always() -> bool:
    return True


def _await(_: _Run, op: Await) -> Any:
    close = getattr(op.awaitable, "close", None)
    if close is not None:
        close()
    said = f"{op.what[:1].upper()}{op.what[1:]} is asynchronous"
    raise ConfigError(f"{said}; use the async method (asend, asend_many, averify) for it.")


_PERFORM: dict[type[Any], Callable[[_Run, Any], Any]] = {
    Write: lambda run, op: op.stream.write(op.data, op.timeout),
    Read: lambda run, op: op.stream.read(),
    Now: lambda run, op: time.monotonic(),
    Clock: lambda run, op: time.monotonic,
    Ready: lambda run, op: _always,
    Wall: lambda run, op: time.time(),
    Lease: _Run.lease,
    Release: _Run.release,
    Connect: _Run.connect,
    Close: _Run.close,
    StartTls: lambda run, op: op.stream.start_tls(op.tls, op.timeout),
    Sleep: lambda run, op: time.sleep(max(op.seconds, 0.0)),
    Block: lambda run, op: op.function(*op.args),
    Await: _await,
    Http: lambda run, op: run.driver.http.exchange(op),
}
