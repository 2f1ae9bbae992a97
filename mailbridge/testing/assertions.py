"""`Assertions`: the words in which tests speak about mails, whatever caught them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NoReturn, Unpack, overload

from mailbridge.testing.changes import Changes
from mailbridge.testing.expectation import Expectation
from mailbridge.testing.matching import Match
from mailbridge.testing.report import Report
from mailbridge.testing.sent import SentMail

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Event

    from mailbridge.testing.criteria import Criteria

__all__ = ["Assertions"]

__unittest = True  # unittest leaves the frames of this module out of its tracebacks; pytest is told in each of them

_HELD_UP = ", during which this thread's event loop stood still (await wait_for's twin, await_for)"
_SAY_MORE = " Say more of the one that is meant, or times=…, if there shall be several."


class Assertions:
    """What a test asserts of the mails that a holder of mails has caught.

    A holder implements `sent`, and calls `self._changes.announce()` after each new mail, from any thread; it
    hands out the same objects each time. Keywords are those of `Match`. Failures are AssertionErrors that show
    the nearest mail, criterion by criterion.

    >>> from mailbridge import Message
    >>> class Box(Assertions):
    ...     sent = [SentMail(Message(from_="app@example.com", to="ann@example.org", subject="Hi"))]
    >>> Box().assert_sent(to="ann@example.org").subject
    'Hi'
    """

    def __init__(self) -> None:
        self._changes = Changes()

    @property
    def sent(self) -> Sequence[SentMail]:
        """The mails that were sent, oldest first."""
        raise NotImplementedError(f"{type(self).__name__} does not say what was sent")

    @property
    def failed(self) -> Sequence[SentMail]:
        """The mails that were to be sent and were not; each has its `error`."""
        return ()

    def _notes(self) -> Iterable[str]:
        """Yield lines that a failure shall end with: what else this holder knows."""
        return ()

    def select(self, **criteria: Unpack[Criteria]) -> list[SentMail]:
        """Return the mails that match, and assert nothing."""
        return Match(**criteria).select(self.sent)

    # --- at this moment

    @overload
    def assert_sent(self, *, times: None = None, **criteria: Unpack[Criteria]) -> SentMail: ...
    @overload
    def assert_sent(self, *, times: int, **criteria: Unpack[Criteria]) -> list[SentMail]: ...
    def assert_sent(self, *, times: int | None = None, **criteria: Unpack[Criteria]) -> SentMail | list[SentMail]:
        """Assert that exactly one mail matches, and return it; with `times`, that so many do, and return their list.

        Two where one was expected are a failure: sending twice is as wrong as not sending. The order in which
        mails were sent does not matter.
        """
        __tracebackhide__ = True
        match = Match(**criteria)
        call = _call("assert_sent", match, times=times)
        found = self._exactly(call, match, list(self.sent), 1 if times is None else times)
        return found[0] if times is None else found

    def assert_not_sent(self, **criteria: Unpack[Criteria]) -> None:
        """Assert that no mail matches."""
        __tracebackhide__ = True
        match = Match(**criteria)
        self._exactly(_call("assert_not_sent", match), match, list(self.sent), 0)

    def assert_none(self) -> None:
        """Assert that no mail was sent at all."""
        __tracebackhide__ = True
        if sent := list(self.sent):
            raise AssertionError(self._report("assert_none()", sent).plain(f"{_counted(sent)} sent:", sent))

    def assert_count(self, count: int) -> None:
        """Assert how many mails were sent."""
        __tracebackhide__ = True
        sent = list(self.sent)
        if len(sent) != count:
            said = f"{_counted(sent)} sent{':' if sent else '.'}"
            raise AssertionError(self._report(f"assert_count({count})", sent).plain(said, sent))

    def assert_all_checked(self) -> None:
        """Assert that every mail was returned by an assertion: that nothing was sent which no test looks at."""
        __tracebackhide__ = True
        sent = list(self.sent)
        if left := [mail for mail in sent if not mail.checked]:
            sentence = f"no assertion has looked at {len(left)} of {len(sent)} mails:"
            raise AssertionError(self._report("assert_all_checked()", sent).plain(sentence, left))

    # --- during a block

    def expect(self, *, times: int = 1, **criteria: Unpack[Criteria]) -> Expectation:
        """Assert that a block sends so many mails that match; its list is filled with them at the end of the block.

        What was sent before does not count. If the block raises, that is all there is to say.
        """
        return self._within("expect", Match(**criteria), times)

    def expect_none(self, **criteria: Unpack[Criteria]) -> Expectation:
        """Assert that a block sends no mail that matches."""
        return self._within("expect_none", Match(**criteria), 0)

    # --- sooner or later

    def wait_for(self, timeout: float = 2.0, **criteria: Unpack[Criteria]) -> SentMail:
        """Return the first mail that matches as soon as there is one: what other threads send.

        One that was sent already will do. Fails after `timeout` seconds. In an event loop use `await_for`.
        """
        __tracebackhide__ = True
        match = Match(**criteria)
        end = time.monotonic() + timeout
        while True:
            seen = self._changes.count
            if found := match.select(self.sent):
                return _checked(found[:1])[0]
            if not self._changes.wait(seen, end - time.monotonic()):
                self._late("wait_for", match, timeout, _HELD_UP if _runs_a_loop() else "")

    async def await_for(self, timeout: float = 2.0, **criteria: Unpack[Criteria]) -> SentMail:  # noqa: ASYNC109
        """Return the first mail that matches as soon as there is one: what other tasks of asyncio, or threads, send.

        One that was sent already will do. Fails after `timeout` seconds.
        """
        import asyncio

        __tracebackhide__ = True
        match = Match(**criteria)
        loop, rung = asyncio.get_running_loop(), asyncio.Event()
        end = loop.time() + timeout
        with self._changes.ringing(lambda: _wake(loop, rung)):
            while True:
                rung.clear()
                if found := match.select(self.sent):
                    return _checked(found[:1])[0]
                with suppress(TimeoutError):
                    await asyncio.wait_for(rung.wait(), end - loop.time())
                    continue
                self._late("await_for", match, timeout)

    # --- how it ends

    def _exactly(
        self, call: str, match: Match, sent: Sequence[SentMail], times: int, within: str = ""
    ) -> list[SentMail]:
        __tracebackhide__ = True
        found = match.select(sent)
        if len(found) < times:
            raise AssertionError(self._report(call, sent).too_few(match, times, within))
        if len(found) > times:
            hint = _SAY_MORE if times == 1 else ""
            raise AssertionError(self._report(call, sent).too_many(match, times, within, hint))
        return _checked(found)

    def _within(self, name: str, match: Match, times: int) -> Expectation:
        call = _call(name, match, times=times if times > 1 else None)
        judge = partial(self._exactly, call, match, times=times, within=" inside the block")
        return Expectation(lambda: list(self.sent), judge)

    def _late(self, name: str, match: Match, timeout: float, why: str = "") -> NoReturn:
        __tracebackhide__ = True
        report = self._report(_call(name, match), list(self.sent))
        raise AssertionError(report.too_few(match, within=f" within {timeout:g} seconds{why}"))

    def _report(self, call: str, sent: Sequence[SentMail]) -> Report:
        return Report(call, sent, list(self.sent), list(self.failed), self._notes())


def _runs_a_loop() -> bool:
    import asyncio

    try:
        return asyncio.get_running_loop().is_running()
    except RuntimeError:
        return False


def _wake(loop: AbstractEventLoop, rung: Event) -> None:
    try:
        loop.call_soon_threadsafe(rung.set)
    except RuntimeError:  # the loop was closed without its tasks being cancelled: nobody waits any more
        pass


def _call(name: str, match: Match, times: int | None = None) -> str:
    said = [*([str(match)] if match.criteria else []), *([] if times is None else [f"times={times}"])]
    return f"{name}({', '.join(said)})"


def _counted(mails: Sequence[SentMail]) -> str:
    return "1 mail was" if len(mails) == 1 else f"{len(mails) or 'no'} mails were"


def _checked(mails: list[SentMail]) -> list[SentMail]:
    for mail in mails:
        mail.checked = True
    return mails
