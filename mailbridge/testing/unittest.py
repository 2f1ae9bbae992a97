"""`MailboxMixin`: a mailbox for each test of a `unittest.TestCase`, whichever runner runs it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Unpack, overload

from mailbridge.testing.mailbox import Mailbox
from mailbridge.testing.sent import SentMail

if TYPE_CHECKING:
    from mailbridge.testing.criteria import Criteria

__all__ = ["MailboxMixin"]

__unittest = True  # unittest leaves the frames of this module out of its tracebacks


class MailboxMixin:
    """Gives each test a `self.mailbox`, open from before `setUp` until after the clean-ups.

    Stands before the test case: `class WelcomeTest(MailboxMixin, TestCase)`, likewise with
    `IsolatedAsyncioTestCase` and the test cases of Django. The assertions are those of the mailbox, in
    the spelling of unittest.

    >>> from unittest import TestCase
    >>> from mailbridge import Mailer, Message
    >>> welcome = Message(from_="app@example.com", to="ann@example.org", subject="Welcome")
    >>> class WelcomeTest(MailboxMixin, TestCase):
    ...     def test_welcome(self):
    ...         Mailer("smtp://mail.example.com").send(welcome)
    ...         self.assertMailSent(to="ann@example.org")
    >>> WelcomeTest("test_welcome").run().wasSuccessful()
    True
    """

    mailbox: Mailbox

    # `run`, not `setUp`: which many a test case overrides without a word to its parents.
    def run(self, result: Any = None) -> Any:
        """Run one test with its mailbox open."""
        with Mailbox(self.id()) as self.mailbox:  # type: ignore[attr-defined]  # the test case's
            return super().run(result)  # type: ignore[misc]

    def debug(self) -> None:
        """Run one test with its mailbox open, without collecting the result."""
        with Mailbox(self.id()) as self.mailbox:  # type: ignore[attr-defined]
            super().debug()  # type: ignore[misc]

    def setUp(self) -> None:
        """Let the context of an IsolatedAsyncioTestCase, which is older than the mailbox, be its own."""
        super().setUp()  # type: ignore[misc]
        self.mailbox.allow()

    @overload
    def assertMailSent(self, *, times: None = None, **criteria: Unpack[Criteria]) -> SentMail: ...
    @overload
    def assertMailSent(self, *, times: int, **criteria: Unpack[Criteria]) -> list[SentMail]: ...
    def assertMailSent(self, *, times: int | None = None, **criteria: Unpack[Criteria]) -> SentMail | list[SentMail]:
        """Assert that exactly one mail matches, or `times` of them; return it, or their list."""
        return self.mailbox.assert_sent(times=times, **criteria)

    def assertMailNotSent(self, **criteria: Unpack[Criteria]) -> None:
        """Assert that no mail matches."""
        self.mailbox.assert_not_sent(**criteria)

    def assertNoMail(self) -> None:
        """Assert that no mail was sent at all."""
        self.mailbox.assert_none()

    def assertMailCount(self, count: int) -> None:
        """Assert how many mails were sent."""
        self.mailbox.assert_count(count)

    def assertAllMailChecked(self) -> None:
        """Assert that every mail was returned by an assertion."""
        self.mailbox.assert_all_checked()

    def expectMail(self, *, times: int = 1, **criteria: Unpack[Criteria]) -> AbstractContextManager[list[SentMail]]:
        """Assert that a block sends so many mails that match; its list is filled with them at the end of the block."""
        return self.mailbox.expect(times=times, **criteria)

    def expectNoMail(self, **criteria: Unpack[Criteria]) -> AbstractContextManager[list[SentMail]]:
        """Assert that a block sends no mail that matches."""
        return self.mailbox.expect_none(**criteria)
