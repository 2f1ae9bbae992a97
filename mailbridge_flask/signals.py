"""What Flask code may listen to: one signal before a message is sent, one of three afterwards.

They are sent from the hooks of the mailer, so they tell of every message, however it was sent. What a receiver
raises is logged on `mailbridge.flask` and changes nothing. To hold a message back, or to send another in its
place, write a mailbridge hook (`mailbridge_pre_send`, `mailbridge_message`) and name it in `hooks`.

    @message_sent.connect_via(app)
    def count(app, message, receipt, name, **extra):
        ...

The sender is the app itself, `name` that of the MailBridge (`default`). Receivers may be asynchronous; they are
called as `app.ensure_sync` says, in another thread where an event loop runs in this one, and waited for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from blinker import NamedSignal, Namespace

from mailbridge import MailError, Message, Receipt, hookimpl

if TYPE_CHECKING:
    from flask import Flask

_log = logging.getLogger("mailbridge.flask")
_signals = Namespace()

message_sending = _signals.signal(
    "mailbridge-sending", "Before a message is sent, as hooks left it. Arguments: message, name."
)
message_sent = _signals.signal(
    "mailbridge-sent", "A server took responsibility for it, or a queue. Arguments: message, receipt, name."
)
message_failed = _signals.signal(
    "mailbridge-failed", "Nobody took it, or nobody knows. Arguments: message, error, name."
)
message_suppressed = _signals.signal(
    "mailbridge-suppressed",
    "Recipients were left out on purpose. Arguments: message, recipients, reason, name. Another signal follows if "
    "there were others.",
)


class Signals:
    """The hooks that send the signals of one app."""

    def __init__(self, app: Flask, name: str) -> None:
        self._app = app
        self._name = name

    @hookimpl(trylast=True)
    def mailbridge_message(self, message: Message) -> None:
        """Tell of a message as the other hooks left it."""
        self._tell(message_sending, message=message)

    @hookimpl
    def mailbridge_sent(self, message: Message, receipt: Receipt) -> None:
        """Tell of a receipt."""
        self._tell(message_sent, message=message, receipt=receipt)

    @hookimpl
    def mailbridge_failed(self, message: Message, error: MailError) -> None:
        """Tell of an error."""
        self._tell(message_failed, message=message, error=error)

    @hookimpl
    def mailbridge_suppressed(self, message: Message, recipients: Collection[str], reason: str) -> None:
        """Tell of who was left out."""
        self._tell(message_suppressed, message=message, recipients=tuple(recipients), reason=reason)

    def _tell(self, signal: NamedSignal, **arguments: Any) -> None:
        if signal.is_muted:
            return
        for receiver in list(signal.receivers_for(self._app)):
            try:
                self._call(receiver, **arguments)
            except Exception:  # noqa: BLE001 -- a receiver never changes the result
                # On a logger of ours: mail of errors leaves it out, or a receiver that fails at each mail had no end.
                _log.exception("A receiver of %s failed, which changes nothing", signal.name)

    def _call(self, receiver: Callable[..., Any], **arguments: Any) -> None:
        call = partial(self._app.ensure_sync(receiver), self._app, name=self._name, **arguments)
        if not iscoroutinefunction(receiver) or not _runs_event_loop():
            call()
            return
        with ThreadPoolExecutor(1, "mailbridge-signal") as thread:
            thread.submit(copy_context().run, call).result()


def _runs_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
