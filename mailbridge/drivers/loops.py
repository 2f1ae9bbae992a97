"""`Loops`: the asynchronous drivers of one mailer, one for each event loop that is inside `async with mailer`."""

from __future__ import annotations

import asyncio

from mailbridge.drivers.async_ import AsyncDriver, running_loop
from mailbridge.drivers.names import Resolver


class Loops:
    """A pool for each event loop, from its first entry to its last leave; a loop may enter many times.

    Threads may enter at the same time, each with a loop of its own: every step is one operation on a dict.
    """

    def __init__(self, resolver: Resolver | None = None) -> None:
        self._resolver = resolver
        self._drivers: dict[asyncio.AbstractEventLoop, AsyncDriver] = {}

    @property
    def here(self) -> AsyncDriver | None:
        """The driver of the running loop; None when it has not entered."""
        return self._drivers.get(asyncio.get_running_loop())

    def enter(self) -> None:
        """Open a pool for the running loop, or share the one it has. Raises ConfigError where asyncio does not run."""
        self._forget_closed()
        loop = running_loop()
        driver = self._drivers.get(loop)
        if driver is None:
            driver = self._drivers[loop] = AsyncDriver(self._resolver)
        driver.entries += 1

    async def leave(self) -> None:
        """Undo one `enter`; the last one closes the pool."""
        driver = self.here
        if driver is not None:
            driver.entries -= 1
            if not driver.entries:
                await self.close()

    async def close(self) -> None:
        """Close the pool of the running loop, however often it was entered."""
        driver = self._drivers.pop(asyncio.get_running_loop(), None)
        if driver is not None:
            await driver.close()

    def _forget_closed(self) -> None:
        """Let go of loops that ended without leaving: what they left open cannot be closed from another."""
        for loop in list(self._drivers):
            if loop.is_closed():
                self._drivers.pop(loop, None)
