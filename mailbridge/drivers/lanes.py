"""Several flows that share one source, and their outcomes put back in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine, Iterable, Iterator
from typing import Any

from mailbridge.flow.operations import END

AHEAD = 1024  # outcomes that may wait for an earlier one, before nothing more is pulled
EACH = 4  # messages for every lane that is open, before another one opens


class Source:
    """What is to be sent, from an iterable of either kind.

    An exception of the iterable ends it; it is raised to the caller after the outcomes of everything
    that was taken before.

    Args:
        ahead: how many messages of an asynchronous iterable to have in stock, so that it can be said
            whether the next one is there.
    """

    def __init__(self, messages: Iterable[Any] | AsyncIterable[Any], ahead: int = 2) -> None:
        self.error: BaseException | None = None
        self._ended = self._closed = False
        self._feeder: asyncio.Task[None] | None = None
        self._iter: Iterator[Any] = iter(())
        self._stock: asyncio.Queue[Any] | None = None
        if isinstance(messages, AsyncIterable):
            self._stock = asyncio.Queue(ahead)
            self._feeder = asyncio.create_task(self._feed(messages, self._stock))
        else:
            self._iter = iter(messages)

    @property
    def ready(self) -> bool:
        """Whether `next` has an answer; `anext` waits for one."""
        return self._stock is None or not self._stock.empty()

    def next(self) -> Any:
        """Return the next message or END; only when it is `ready`."""
        if self._stock is not None:
            return self._kept(self._stock.get_nowait())
        if self._ended:
            return END
        try:
            return next(self._iter)
        except StopIteration:
            self._ended = True
        except Exception as error:  # noqa: BLE001 - kept, and raised to the caller in its turn
            self._ended, self.error = True, error
        return END

    async def anext(self) -> Any:
        """Return the next message or END."""
        return self.next() if self._stock is None else self._kept(await self._stock.get())

    async def close(self) -> None:
        """Ask for no more."""
        self._closed = True
        if self._feeder is not None:
            self._feeder.cancel()
            await asyncio.gather(self._feeder, return_exceptions=True)

    def _kept(self, message: Any) -> Any:
        if message is END and self._stock is not None:
            self._stock.put_nowait(END)  # for the other lanes; the stock has just got room for it
        return message

    async def _feed(self, messages: AsyncIterable[Any], stock: asyncio.Queue[Any]) -> None:
        """Ask an asynchronous iterable, always from the same task, and ahead of the lanes."""
        try:
            async for message in messages:
                await stock.put(message)
        except (Exception, asyncio.CancelledError) as error:
            if self._closed:
                raise
            self.error = error  # raised to the caller in its turn
        await stock.put(END)


class Lanes:
    """Flows side by side, each a task with a `Lane`; opens another one as there is more to do."""

    def __init__(self, source: Source, limit: int, perform: Callable[[Lane], Coroutine[Any, Any, None]]) -> None:
        self.source = source
        self._limit = max(limit, 1)
        self._perform = perform
        self._tasks: list[asyncio.Task[None]] = []
        self._running = 0
        self._done: dict[int, Any] = {}
        self.next_out = 0
        self.taken = 0
        self._stirred = asyncio.Event()
        self._room = asyncio.Event()

    async def outcomes(self) -> AsyncGenerator[Any]:
        """Yield the outcomes in the order of the source."""
        self._open()
        done, stirred = self._done, self._stirred
        try:
            while True:
                while self.next_out in done:
                    outcome = done.pop(self.next_out)
                    self.next_out += 1
                    if not self._room.is_set():
                        self._room.set()
                    yield outcome
                if not self._running:
                    break
                stirred.clear()
                await stirred.wait()
            for task in self._tasks:
                task.result()
            if self.source.error is not None:
                raise self.source.error
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, self.source.close(), return_exceptions=True)

    def _open(self) -> None:
        task = asyncio.get_running_loop().create_task(self._perform(Lane(self)))
        task.add_done_callback(self._ended)
        self._tasks.append(task)
        self._running += 1

    def _ended(self, _: asyncio.Task[None]) -> None:
        self._running -= 1
        self._stirred.set()

    def crowded(self, oldest: int) -> bool:
        """Whether too many outcomes wait for one that the lane with this oldest message does not hold.

        The lane that everybody waits for must go on: it may need the next message to finish this one.
        """
        return self.taken - self.next_out >= AHEAD and oldest != self.next_out

    async def room(self, oldest: int) -> None:
        """Wait until the caller has taken some outcomes."""
        while self.crowded(oldest):
            self._room.clear()
            await self._room.wait()

    def took(self) -> int:
        """Number the message just taken, and open another lane if there is enough for it."""
        number = self.taken
        self.taken += 1
        if len(self._tasks) < self._limit and self.taken > EACH * len(self._tasks):
            self._open()
        return number

    def finished(self, number: int, outcome: Any) -> None:
        """Keep an outcome until its turn."""
        self._done[number] = outcome
        if number == self.next_out:
            self._stirred.set()


class Lane:
    """One flow's view: what it pulls, and in which order its outcomes come."""

    __slots__ = ("_lanes", "_numbers")

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._numbers: deque[int] = deque()

    def ready(self) -> bool:
        """Whether `pull` has an answer."""
        lanes, numbers = self._lanes, self._numbers
        if lanes.taken - lanes.next_out >= AHEAD and lanes.crowded(numbers[0] if numbers else -1):
            return False
        return lanes.source.ready

    def pull(self) -> Any:
        """Return the next message or END if that takes no waiting, else None."""
        if not self.ready():
            return None
        lanes = self._lanes
        message = lanes.source.next()
        if message is not END:
            self._numbers.append(lanes.took())
        return message

    async def apull(self) -> Any:
        """Return the next message or END."""
        await self._lanes.room(self._numbers[0] if self._numbers else -1)
        message = await self._lanes.source.anext()
        if message is not END:
            self._numbers.append(self._lanes.took())
        return message

    def emit(self, outcome: Any) -> None:
        """Hand over the outcome of the oldest message of this lane."""
        self._lanes.finished(self._numbers.popleft(), outcome)
