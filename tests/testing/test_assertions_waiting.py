"""Waiting for a mail ends with the mail, or in time, in threads and in event loops."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.mails import Box, mail

from mailbridge.testing import SentMail
from mailbridge.testing.changes import Changes

LONG = 20.0
"""Seconds that nobody waits unless something is wrong."""


class TestThreads:
    def test_it_returns_what_another_thread_sends(self) -> None:
        box, sent = Box(mail(subject="other")), mail(subject="wanted")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(box.wait_for, LONG, subject="wanted")
            box.add(mail(subject="another"))
            box.add(sent)
            assert waiting.result(LONG) is sent
        assert sent.checked

    def test_what_was_sent_already_will_do(self) -> None:
        first, second = mail(), mail()
        assert Box(first, second).wait_for(0, subject="Hi") is first
        assert first.checked
        assert not second.checked

    def test_it_ends_in_time_and_shows_the_nearest(self) -> None:
        with pytest.raises(AssertionError) as caught:
            Box(mail(subject="Hello")).wait_for(0.01, subject="Hi")
        assert str(caught.value) == (
            "wait_for(subject='Hi'): the only mail does not match within 0.01 seconds.\n"
            "It is sent[0] 'Hello' to ann@example.org:\n"
            "  ✗ subject  wanted 'Hi'\n"
            "             found  'Hello'"
        )

    def test_who_waits_in_an_event_loop_is_told_of_the_other_word(self) -> None:
        async def scenario() -> None:
            Box().wait_for(0.01, subject="Hi")

        with pytest.raises(AssertionError, match=r"event loop stood still \(await wait_for's twin, await_for\)\.$"):
            asyncio.run(scenario())

    def test_many_may_wait_for_one(self) -> None:
        box, sent = Box(), mail()
        with ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(box.wait_for, LONG, subject="Hi") for _ in range(8)]
            box.add(sent)
            assert [each.result(LONG) for each in waiting] == [sent] * 8


class TestEventLoops:
    def test_it_returns_what_another_task_sends(self) -> None:
        async def scenario() -> SentMail:
            box = Box()
            waiting = asyncio.create_task(box.await_for(LONG, subject="wanted"))
            await asyncio.sleep(0)
            box.add(mail(subject="other"))
            await asyncio.sleep(0)
            box.add(mail(subject="wanted"))
            return await waiting

        assert asyncio.run(scenario()).subject == "wanted"

    def test_it_is_woken_by_threads(self) -> None:
        async def scenario() -> SentMail:
            box = Box()
            waiting = asyncio.create_task(box.await_for(LONG, subject="Hi"))
            await asyncio.sleep(0)
            thread = threading.Thread(target=box.add, args=[mail()])
            thread.start()
            found = await waiting
            thread.join()
            return found

        assert asyncio.run(scenario()).checked

    def test_it_ends_in_time(self) -> None:
        with pytest.raises(
            AssertionError, match=r"^await_for\(subject='Hi'\): no mail was sent within 0\.01 seconds\.$"
        ):
            asyncio.run(Box().await_for(0.01, subject="Hi"))

    def test_its_failure_is_told_alone_without_the_timeout_below_it(self) -> None:
        with pytest.raises(AssertionError) as caught:
            asyncio.run(Box().await_for(0.01, subject="Hi"))
        assert caught.value.__context__ is None

    def test_a_timeout_of_the_callers_own_ends_it_too(self) -> None:
        async def scenario(box: Box) -> None:
            async with asyncio.timeout(0.01):
                await box.await_for(LONG, subject="Hi")

        box = Box()
        with pytest.raises(TimeoutError):
            asyncio.run(scenario(box))
        box.add(mail())  # and nobody is rung up

    def test_a_loop_that_was_closed_over_its_tasks_is_no_harm_to_who_sends(self) -> None:
        box = Box()
        loop = asyncio.new_event_loop()
        waiting = loop.create_task(box.await_for(LONG, subject="Hi"))
        loop.run_until_complete(asyncio.sleep(0))
        for task in asyncio.all_tasks(loop):  # left over on purpose
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        loop.close()
        box.add(mail())
        assert not waiting.done()


class TestChanges:
    def test_no_change_between_looking_and_waiting_is_lost(self) -> None:
        changes = Changes()
        seen = changes.count
        changes.announce()
        assert changes.wait(seen, 0)
        assert not changes.wait(changes.count, 0)

    def test_bells_ring_inside_the_block_only(self) -> None:
        changes, rung = Changes(), []
        with changes.ringing(lambda: rung.append(changes.count)):
            changes.announce()
        changes.announce()
        assert rung == [1]
