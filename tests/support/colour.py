"""The two colours of a mailer behind one face, so that a scenario is written once.

    def test_a_message_is_accepted(colour):
        with Peer() as peer:
            receipt = colour.send(Mailer(f"smtp://{peer.address}?tls=off"), message)

runs as `[sync]` and as `[async]`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class Sync:
    """Calls the blocking methods."""

    name = "sync"

    def send(self, mailer: Any, message: Any, **options: Any) -> Any:
        """Send one message."""
        return mailer.send(message, **options)

    def send_many(self, mailer: Any, messages: Iterable[Any], **options: Any) -> list[Any]:
        """Send many, and return every outcome."""
        return list(mailer.send_many(messages, **options))

    def connect(self, mailer: Any, **options: Any) -> None:
        """Connect ahead of the first message."""
        mailer.connect(**options)

    def verify(self, mailer: Any, **options: Any) -> Any:
        """Check a mailer's transport."""
        return mailer.verify(**options)

    def close(self, mailer: Any) -> None:
        """Close a mailer."""
        mailer.close()

    @contextlib.contextmanager
    def using(self, mailer: Any) -> Iterator[Any]:
        """Hold a mailer open over several calls."""
        with mailer:
            yield mailer

    def run(self, flow: Any) -> Any:
        """Drive a flow."""
        from mailbridge.drivers.sync import SyncDriver

        driver = SyncDriver()
        try:
            return driver.run(flow)
        finally:
            driver.close()

    def end(self) -> None:
        """Nothing was opened."""


class Async:
    """Calls the asynchronous methods, all in one event loop of its own."""

    name = "async"

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def call(self, function: Callable[..., Awaitable[T]], *arguments: Any, **options: Any) -> T:
        """Await one call in this colour's loop."""

        async def await_it() -> T:
            return await function(*arguments, **options)

        return self._runner.run(await_it())

    def send(self, mailer: Any, message: Any, **options: Any) -> Any:
        """Send one message."""
        return self.call(mailer.asend, message, **options)

    def send_many(self, mailer: Any, messages: Iterable[Any], **options: Any) -> list[Any]:
        """Send many, and return every outcome."""

        async def collect() -> list[Any]:
            return [outcome async for outcome in mailer.asend_many(messages, **options)]

        return self.call(collect)

    def connect(self, mailer: Any, **options: Any) -> None:
        """Connect ahead of the first message."""
        self.call(mailer.aconnect, **options)

    def verify(self, mailer: Any, **options: Any) -> Any:
        """Check a mailer's transport."""
        return self.call(mailer.averify, **options)

    def close(self, mailer: Any) -> None:
        """Close a mailer."""
        self.call(mailer.aclose)

    @contextlib.contextmanager
    def using(self, mailer: Any) -> Iterator[Any]:
        """Hold a mailer (and its pool) open over several calls."""
        self.call(mailer.__aenter__)
        try:
            yield mailer
        finally:
            self.call(mailer.__aexit__, None, None, None)

    def run(self, flow: Any) -> Any:
        """Drive a flow."""

        async def drive() -> Any:
            from mailbridge.drivers.async_ import AsyncDriver

            driver = AsyncDriver()
            try:
                return await driver.run(flow)
            finally:
                await driver.close()

        return self.call(drive)

    def end(self) -> None:
        """Close the loop."""
        self._runner.close()


Colour = Sync | Async
