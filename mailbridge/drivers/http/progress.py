"""How far an exchange has come: the time it has left, and whether anything can have reached the server.

The witness is needed because httpx's errors do not say it: a ReadTimeout may come from a proxy that never
made the connection.
"""

from __future__ import annotations

import time
from contextvars import ContextVar

SMALL = 1 << 14
"""Octets of a body that travel in one segment with the head: httpcore writes the two apart, which is a system call
and a packet more."""

SHORTEST = 0.001  # seconds; 0 would mean "do not wait", and something else to the socket


class Progress:
    """One exchange: when it has to be over, and whether the head of the request was written.

    `witnessed` says that this network was used at all. It is not where a test mocks httpx's transport.
    """

    __slots__ = ("ends", "sent", "witnessed")

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds
        self.sent = False
        self.witnessed = False

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self.ends - 0.01  # the timers of an event loop may be early

    def left(self, timeout: float | None) -> float:
        """Return the seconds for the next step."""
        left = self.ends - time.monotonic()
        return max(left if timeout is None else min(timeout, left), SHORTEST)

    def wrote(self, octets: bytes) -> None:
        """Note that octets were written: after a whole head, a server may act; CONNECT is for the proxy alone."""
        if octets and not octets.startswith(b"CONNECT "):
            self.sent = True


progress: ContextVar[Progress] = ContextVar("mailbridge_http_progress")
"""The exchange that this thread or task is in."""


def is_head(octets: bytes, exchange: Progress) -> bool:
    """Whether these are the head of a request for a server, whose body may follow."""
    return not exchange.sent and octets.endswith(b"\r\n\r\n") and not octets.startswith(b"CONNECT ")
