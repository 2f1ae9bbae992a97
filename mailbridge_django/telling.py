"""Sending signals so that no receiver can make a sent mail look failed."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial

from django.db import connections

from mailbridge_django.posting import Told


def tell(sender: type, told: Told) -> None:
    """Call the receivers of a signal; what they raise is logged by Django.

    In a thread that runs an event loop Django cannot call an asynchronous receiver, for it cannot wait for
    it there: `send_robust` itself would raise RuntimeError, after the mail has left. So there the receivers
    run in a thread of their own, with the context of the caller, who waits for them; an asynchronous one has
    an event loop of its own. The caller's loop stands still meanwhile, as it does for the sending.
    """
    signal, arguments = told
    if not signal.has_listeners(sender):
        return
    send = partial(signal.send_robust, sender, **arguments)
    with _unharmed():
        if not _runs_event_loop():
            send()
            return
        with ThreadPoolExecutor(1, "mailbridge-signal") as thread:
            thread.submit(copy_context().run, _send_and_leave, send).result()


async def atell(sender: type, told: Told) -> None:
    """Like `tell`, awaiting."""
    signal, arguments = told
    with _unharmed():
        await signal.asend_robust(sender, **arguments)


@contextmanager
def _unharmed() -> Iterator[None]:
    """Go on where the log handler raises by which Django tells what a receiver raised.

    `AdminEmailHandler` of Django 6.1 does when its mail fails. Whoever looks at stderr learns of it, as of all
    errors of log handlers.
    """
    try:
        yield
    except Exception:  # noqa: BLE001 -- a mail that was sent must not look failed; it is told, not hidden
        if logging.raiseExceptions:
            traceback.print_exc()


def _send_and_leave(send: Callable[[], object]) -> None:
    """Send, then close what receivers opened: connections to databases belong to the thread, which ends."""
    try:
        send()
    finally:
        connections.close_all()


def _runs_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
