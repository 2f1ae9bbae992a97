"""`Courier`: mails letters one after another, in a thread of its own or in that of whoever calls."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from mailbridge.logging.letter import Letter

_log = logging.getLogger("mailbridge.logging")


class _Sending(threading.local):
    """Whether this thread is just mailing a letter."""

    active = False


_sending = _Sending()


def mailing() -> bool:
    """Say whether this thread is just mailing a letter: what it logs meanwhile must not be mailed in turn."""
    return _sending.active


class Courier:
    """Mails letters, at most so many waiting.

    Args:
        mail: mails a letter, told how many before it were lost; says whether it could, and raises nothing.
        due: returns a letter whose time has come, if there is one; called by the thread.
        remaining: returns in how many seconds `due` may have one; None for "wait until something is put".
        background: whether to have a thread.
        capacity: how many letters may wait; more are lost.
        patience: for how long `drain` waits, in seconds.
    """

    def __init__(
        self,
        mail: Callable[[Letter, int], bool],
        *,
        due: Callable[[], Letter | None],
        remaining: Callable[[], float | None],
        background: bool,
        capacity: int,
        patience: float,
    ) -> None:
        self._mail = mail
        self._due = due
        self._remaining = remaining
        self._background = background
        self._capacity = capacity
        self._patience = patience
        self._changed = threading.Condition()
        self._pending: deque[Letter] = deque()
        self._busy = 0
        self._lost = 0
        self._ended = False
        self._thread: threading.Thread | None = None

    def put(self, letter: Letter) -> None:
        """Take a letter to be mailed soon; without a thread, by the next `drain`."""
        with self._changed:
            self._keep(letter)
            self._changed.notify_all()
            if self._background:
                self._have_thread()

    def drain(self) -> None:
        """Have everything mailed, by the thread or here; what is not begun in time stays."""
        with self._changed:
            if self._works and not self._ended:
                self._changed.wait_for(lambda: not self._pending and not self._busy, self._patience)
                return
        end = time.monotonic() + self._patience
        while self._next() and time.monotonic() < end:
            pass

    def end(self) -> None:
        """Forget what waits, and end the thread."""
        with self._changed:
            if self._pending:
                _log.warning("%d mails about log records were not sent in time", len(self._pending))
            self._pending.clear()
            self._ended = True
            self._changed.notify_all()

    @property
    def _works(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _keep(self, letter: Letter) -> None:
        if len(self._pending) < self._capacity:
            self._pending.append(letter)
        else:
            self._lost += 1

    def _have_thread(self) -> None:
        if self._ended or self._works:
            return
        self._thread = threading.Thread(target=self._work, name="mailbridge-log", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._thread = None  # the interpreter is ending; `drain` mails what waits

    def _work(self) -> None:
        while True:
            with self._changed:
                if (letter := self._due()) is not None:
                    self._keep(letter)
                if not self._pending:
                    if self._ended:
                        return
                    self._changed.wait(self._remaining())
            self._next()

    def _next(self) -> bool:
        """Mail the oldest letter; say whether there was one."""
        with self._changed:
            if not self._pending:
                return False
            letter = self._pending.popleft()
            self._busy += 1
            lost, self._lost = self._lost, 0
        delivered = False
        _sending.active = True
        try:
            delivered = self._mail(letter, lost)
        finally:
            _sending.active = False
            with self._changed:
                self._busy -= 1
                self._lost += 0 if delivered else lost + 1
                self._changed.notify_all()
        return True
