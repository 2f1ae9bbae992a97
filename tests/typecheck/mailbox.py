"""Tests of applications as users write them, with a mailbox. mypy reads this file; nothing runs it."""

from __future__ import annotations

import threading
from asyncio import Task
from typing import assert_type
from unittest import IsolatedAsyncioTestCase, TestCase

from mailbridge import Attempt, RateLimited, RecipientRefused, ServerError
from mailbridge.testing import Mailbox, MailboxMixin, SentMail
from mailbridge.testing.mailbox import current


def test_faults(mailbox: Mailbox) -> None:
    mailbox.fail_next(RateLimited(retry_after=3), None, ServerError, RecipientRefused("ann@example.org"), backend="ses")
    with mailbox.fail(ServerError("busy"), rate=0.2, seed=7):
        pass
    mailbox.fail().end()
    mailbox.delay(0.1)
    mailbox.heal()
    mailbox.fail_next("busy")  # type: ignore[arg-type]


def test_catching(mailbox: Mailbox) -> None:
    assert_type(mailbox.sent, tuple[SentMail, ...])
    assert_type([mail.subject for mail in mailbox], list[str])
    assert_type(mailbox.attempts(mailbox.failed[0]), tuple[Attempt, ...])
    assert_type(mailbox.waited, float)


def test_owning(mailbox: Mailbox, task: Task[None]) -> None:
    mailbox.allow(threading.current_thread(), task, {"X-Test": "7"})
    mailbox.shared()
    assert_type(current(), Mailbox | None)
    with Mailbox("another") as other:
        assert_type(other, Mailbox)


class Plain(MailboxMixin, TestCase):
    def test_it(self) -> None:
        assert_type(self.assertMailSent(to="ann@example.org"), SentMail)
        assert_type(self.assertMailSent(times=2), list[SentMail])
        with self.expectMail(subject="Hi") as mails:
            pass
        assert_type(mails, list[SentMail])


class Asynchronous(MailboxMixin, IsolatedAsyncioTestCase):
    async def test_it(self) -> None:
        assert_type(await self.mailbox.await_for(subject="Hi"), SentMail)
