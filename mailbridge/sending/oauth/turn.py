"""`Turn`: lets one flow at a time pass."""

from __future__ import annotations

from collections import deque
from os import getpid


class Turn:
    """Given to one flow at a time, in whatever thread, task or event loop that is performed.

    It never waits: who does not get it sleeps and asks again. A lock that waits would have to belong to
    threads or to one event loop, and mailers are shared by both; and it would hold the thread that the
    flow which has the turn may need. What is waited for is one request an hour.
    """

    __slots__ = ("_free", "_process")

    def __init__(self) -> None:
        self._process = getpid()
        self._free: deque[None] = deque([None])

    def take(self) -> bool:
        """Take the turn, or say that somebody else has it."""
        if self._process != getpid():  # forked off while somebody in the parent had it
            self.__init__()  # type: ignore[misc]
        try:
            self._free.pop()  # deque is made for threads: of two, one gets it
        except IndexError:
            return False
        return True

    def give_back(self) -> None:
        """Let others have it."""
        self._free.append(None)
