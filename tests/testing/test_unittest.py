"""Test cases of unittest have a mailbox each, whatever runs them."""

from __future__ import annotations

import threading
from typing import Any
from unittest import IsolatedAsyncioTestCase, TestCase
from unittest import TestResult as Result

import pytest
from support.members import message

from mailbridge import Mailer
from mailbridge.sending import diversion
from mailbridge.testing import Mailbox, MailboxMixin
from mailbridge.testing.mailbox import current

ANN = "ann@example.org"
MAILER = Mailer("smtp://mail.example.com")


def run(case: type[TestCase], name: str = "test_it") -> Result:
    result = Result()
    case(name).run(result)
    return result


def said(result: Result) -> str:
    """Return what the only problem of a run says."""
    [(_, text)] = result.failures + result.errors
    return text


class TestPlainCases:
    def test_each_test_has_its_own_also_without_a_word_to_the_parent(self) -> None:
        class Case(MailboxMixin, TestCase):
            def setUp(self) -> None:
                MAILER.send(message("set up"))

            def tearDown(self) -> None:
                self.assertMailCount(3)

            def test_first(self) -> None:
                MAILER.send(message("first"))
                MAILER.send(message("again"))
                self.assertMailSent(subject="first", to=ANN)

            test_second = test_first

        for name in ("test_first", "test_second"):
            assert run(Case, name).wasSuccessful()

    def test_it_is_named_after_the_test_and_closed_behind_it(self) -> None:
        seen: list[Mailbox] = []

        class Case(MailboxMixin, TestCase):
            def test_it(self) -> None:
                seen.append(self.mailbox)
                assert current() is self.mailbox
                raise RuntimeError("broken")

        before = diversion.current
        assert "broken" in said(run(Case))
        assert seen[0].name.endswith("Case.test_it")
        assert diversion.current is before

    def test_clean_ups_are_part_of_the_test(self) -> None:
        class Case(MailboxMixin, TestCase):
            def test_it(self) -> None:
                self.addCleanup(self.assertMailSent, subject="in a clean-up")
                self.addCleanup(MAILER.send, message("in a clean-up"))

        assert run(Case).wasSuccessful()

    def test_threads_send_to_it(self) -> None:
        class Case(MailboxMixin, TestCase):
            def test_it(self) -> None:
                thread = threading.Thread(target=MAILER.send, args=(message("hello"),))
                thread.start()
                self.mailbox.wait_for(subject="hello")
                thread.join()

        assert run(Case).wasSuccessful()

    def test_debugging_a_test_opens_it_too(self) -> None:
        class Case(MailboxMixin, TestCase):
            def test_it(self) -> None:
                MAILER.send(message("hello"))
                self.assertMailSent(subject="hello")

        Case("test_it").debug()

    def test_a_failure_shows_the_test_and_not_what_is_behind_it(self) -> None:
        class Case(MailboxMixin, TestCase):
            def test_it(self) -> None:
                MAILER.send(message("Farewell"))
                self.assertMailSent(subject="Welcome")

        text = said(run(Case))
        assert 'self.assertMailSent(subject="Welcome")' in text
        assert "AssertionError: assert_sent(subject='Welcome'): the only mail does not match" in text
        assert "mailbridge/testing" not in text


class TestAssertions:
    @pytest.mark.parametrize(
        ("name", "criteria"),
        [
            ("assertMailSent", {"subject": "other"}),
            ("assertMailSent", {"times": 2}),
            ("assertMailNotSent", {"to": ANN}),
            ("assertNoMail", {}),
            ("assertMailCount", {"count": 2}),
            ("assertAllMailChecked", {}),
        ],
    )
    def test_each_fails_where_that_of_the_mailbox_does(self, name: str, criteria: dict[str, Any]) -> None:
        class Case(MailboxMixin, TestCase):
            def test_it(self) -> None:
                MAILER.send(message("hello"))
                getattr(self, name)(**criteria)

        result = run(Case)
        assert (len(result.failures), result.errors) == (1, [])

    def test_each_passes_where_that_of_the_mailbox_does(self) -> None:
        class Case(MailboxMixin, TestCase):
            def test_it(self) -> None:
                self.assertNoMail()
                with self.expectMail(subject="hello") as found, self.expectNoMail(subject="other"):
                    MAILER.send(message("hello"))
                assert [mail.subject for mail in found] == ["hello"]
                assert self.assertMailSent(subject="hello") is found[0]
                assert self.assertMailSent(times=1) == found
                self.assertMailNotSent(subject="other")
                self.assertMailCount(1)
                self.assertAllMailChecked()

        assert run(Case).wasSuccessful()

    @pytest.mark.parametrize(("method", "subject"), [("expectMail", "other"), ("expectNoMail", "hello")])
    def test_a_block_may_fail(self, method: str, subject: str) -> None:
        class Case(MailboxMixin, TestCase):
            def test_it(self) -> None:
                with getattr(self, method)(subject=subject):
                    MAILER.send(message("hello"))

        assert len(run(Case).failures) == 1


class TestAsynchronousCases:
    def test_tasks_of_the_test_send_to_its_mailbox_while_others_are_open(self) -> None:
        """The context in which such a case runs is made with the case, before there is a mailbox."""

        class Case(MailboxMixin, IsolatedAsyncioTestCase):
            async def asyncSetUp(self) -> None:
                await MAILER.asend(message("set up"))

            async def test_it(self) -> None:
                async with MAILER:
                    await MAILER.asend(message("hello"))
                await self.mailbox.await_for(subject="hello")
                self.assertMailSent(subject="set up")

        case, result = Case("test_it"), Result()
        with Mailbox("another one") as other:
            case.run(result)
        assert result.wasSuccessful(), said(result)
        other.assert_none()
