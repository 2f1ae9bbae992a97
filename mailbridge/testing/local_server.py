"""`LocalServer`: what the servers of the test kit have in common."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from mailbridge.testing import listening
from mailbridge.testing.assertions import Assertions
from mailbridge.testing.sent import SentMail

__all__ = ["LocalServer"]


class LocalServer(Assertions):
    """A server on this machine that keeps what clients send, with the assertions of every mailbox.

    It runs while it is open as a context manager. What is sent to it arrives also while a mailbox is open.
    Subclasses fill `_sent` and `_failed` while they hold `_lock`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._sent: list[SentMail] = []
        self._failed: list[SentMail] = []
        self._port = 0

    # --- for subclasses

    @property
    def port(self) -> int:
        """The port, while it is open."""
        raise NotImplementedError(f"{type(self).__name__} does not say where it listens")

    def _open(self) -> None:
        """Listen."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it begins")

    def _close(self) -> None:
        """End every connection and every thread."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it ends")

    # --- what came

    @property
    def sent(self) -> Sequence[SentMail]:
        """The messages that were taken, oldest first; also where the answer was lost on its way."""
        with self._lock:
            return tuple(self._sent)

    @property
    def failed(self) -> Sequence[SentMail]:
        """The messages that were refused when they were there; of one refused earlier there is nothing to see."""
        with self._lock:
            return tuple(self._failed)

    def clear(self) -> None:
        """Forget what came; faults stay."""
        with self._lock:
            self._sent.clear()
            self._failed.clear()

    # --- life

    def start(self) -> Self:
        """Listen."""
        self._open()
        self._port = self.port
        listening.begin(self._port)
        return self

    def stop(self) -> None:
        """End every connection and every thread; what came is kept."""
        listening.end(self._port)
        self._close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
