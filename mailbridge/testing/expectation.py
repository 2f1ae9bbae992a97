"""`Expectation`: what a block of a test is to send."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from mailbridge.testing.sent import SentMail

__all__ = ["Expectation"]

__unittest = True

Sent = Callable[[], list[SentMail]]
Judge = Callable[[list[SentMail]], list[SentMail]]


class Expectation:
    """A context manager that judges what was sent inside it; its list has what matched, at the end.

    Not made of a generator, for failures would then show the frames of `contextlib`.

    Args:
        sent: returns all mails.
        judge: returns those that match, or fails.
    """

    def __init__(self, sent: Sent, judge: Judge) -> None:
        self._sent = sent
        self._judge = judge
        self._found: list[SentMail] = []

    def __enter__(self) -> list[SentMail]:
        self._before = self._sent()  # kept, because an id is that of a mail only as long as there is the mail
        return self._found

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        __tracebackhide__ = True
        if kind is None:
            before = set(map(id, self._before))
            self._found += self._judge([mail for mail in self._sent() if id(mail) not in before])
