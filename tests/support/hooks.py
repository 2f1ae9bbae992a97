"""Performs the flows of hooks, whose only operation is to await something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from mailbridge.errors import ConfigError
from mailbridge.flow.operations import Await, Flow


def perform(flow: Flow[Any]) -> Any:
    """Run a flow as a synchronous driver does: whatever is to be awaited is refused."""

    def refuse(operation: Await) -> Any:
        raise ConfigError(f"{operation.what} is asynchronous; use asend().")

    return _perform(flow, refuse)


def perform_async(flow: Flow[Any]) -> Any:
    """Run a flow as an asynchronous driver does."""

    async def wait(operation: Await) -> Any:
        return await operation.awaitable

    with asyncio.Runner() as runner:
        return _perform(flow, lambda operation: runner.run(wait(operation)))


def _perform(flow: Flow[Any], answer: Callable[[Await], Any]) -> Any:
    try:
        operation = next(flow)
        while True:
            assert isinstance(operation, Await)
            try:
                value = answer(operation)
            except Exception as error:  # noqa: BLE001 -- a driver throws whatever it meets
                operation = flow.throw(error)
            else:
                operation = flow.send(value)
    except StopIteration as end:
        return end.value
