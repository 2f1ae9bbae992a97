"""The words in which tests speak about mails."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

import pytest
from support.mails import Box, mail

from mailbridge.testing import Assertions, SentMail


def three() -> tuple[Box, SentMail, SentMail, SentMail]:
    mails = (mail(subject="a"), mail(subject="b", to="bob@example.org"), mail(subject="a", to="zoe@example.org"))
    return Box(*mails), *mails


class TestSent:
    def test_the_one_that_matches_is_returned(self) -> None:
        box, _, second, _ = three()
        assert box.assert_sent(subject="b") is second

    def test_the_order_does_not_matter(self) -> None:
        box, first, _, third = three()
        assert box.assert_sent(to="zoe@example.org") is third
        assert box.assert_sent(to="ann@example.org") is first

    def test_none_and_two_are_failures(self) -> None:
        box, *_ = three()
        with pytest.raises(AssertionError, match="none of 3 mails matches"):
            box.assert_sent(subject="c")
        with pytest.raises(AssertionError, match="2 of 3 mails match, and 1 was wanted"):
            box.assert_sent(subject="a")

    def test_with_a_number_it_is_a_list_also_of_one_or_none(self) -> None:
        box, first, second, third = three()
        assert box.assert_sent(subject="a", times=2) == [first, third]
        assert box.assert_sent(subject="b", times=1) == [second]
        assert box.assert_sent(subject="c", times=0) == []
        with pytest.raises(
            AssertionError, match=r"assert_sent\(subject='a', times=3\): 2 of 3 mails match, and 3 were"
        ):
            box.assert_sent(subject="a", times=3)

    def test_not_sent(self) -> None:
        box, *_ = three()
        box.assert_not_sent(subject="c")
        with pytest.raises(AssertionError, match=r"assert_not_sent\(subject='b'\): 1 of 3 mails matches"):
            box.assert_not_sent(subject="b")

    def test_selecting_asserts_nothing(self) -> None:
        box, first, _, third = three()
        assert box.select(subject="a") == [first, third]
        assert box.select(subject="c") == []
        assert not first.checked

    def test_a_wrong_keyword_is_no_failed_assertion(self) -> None:
        with pytest.raises(TypeError, match="did you mean 'subject'"):
            Box().assert_not_sent(**{"subjct": "x"})  # type: ignore[typeddict-item]


class TestCounts:
    def test_none(self) -> None:
        Box().assert_none()
        with pytest.raises(AssertionError) as caught:
            Box(mail(to="bob@example.org")).assert_none()
        assert str(caught.value) == "assert_none(): 1 mail was sent:\n  sent[0] 'Hi' to bob@example.org"

    def test_a_number(self) -> None:
        box, *_ = three()
        box.assert_count(3)
        with pytest.raises(AssertionError) as caught:
            box.assert_count(2)
        assert str(caught.value).splitlines()[0] == "assert_count(2): 3 mails were sent:"
        with pytest.raises(AssertionError) as caught:
            Box().assert_count(1)
        assert str(caught.value) == "assert_count(1): no mails were sent."


class TestChecked:
    def test_what_assertions_returned_was_looked_at(self) -> None:
        box, *_ = three()
        box.assert_sent(subject="b")
        with pytest.raises(AssertionError) as caught:
            box.assert_all_checked()
        assert str(caught.value) == (
            "assert_all_checked(): no assertion has looked at 2 of 3 mails:\n"
            "  sent[0] 'a' to ann@example.org\n"
            "  sent[2] 'a' to zoe@example.org"
        )
        box.assert_sent(subject="a", times=2)
        box.assert_all_checked()

    def test_counting_and_refusing_is_not_looking(self) -> None:
        box, *_ = three()
        box.assert_count(3)
        box.assert_not_sent(subject="c")
        with pytest.raises(AssertionError, match="3 of 3"):
            box.assert_all_checked()


class TestBlocks:
    def test_the_list_has_what_was_sent_inside(self) -> None:
        box, *_ = three()
        with box.expect(subject="a") as mails:
            new = mail(subject="a")
            box.add(new)
            assert mails == []
        assert mails == [new]
        assert new.checked

    def test_what_was_sent_before_does_not_count(self) -> None:
        box, *_ = three()
        with pytest.raises(AssertionError) as caught, box.expect(subject="a"):
            box.add(mail(subject="c"))
        assert str(caught.value) == (
            "expect(subject='a'): the only mail does not match inside the block.\n"
            "It is sent[3] 'c' to ann@example.org:\n"
            "  ✗ subject  wanted 'a'\n"
            "             found  'c'"
        )

    def test_several(self) -> None:
        box = Box()
        with box.expect(times=2) as mails:
            box.add(mail(), mail())
        assert len(mails) == 2
        with pytest.raises(AssertionError, match=r"expect\(times=3\): 1 of 1|the only mail matches, and 3 were wanted"):
            with box.expect(times=3):
                box.add(mail())

    def test_nothing(self) -> None:
        box, *_ = three()
        with box.expect_none(subject="a"):
            box.add(mail(subject="b"))
        with pytest.raises(
            AssertionError, match=r"expect_none\(\): the only mail matches, and none were wanted inside"
        ):
            with box.expect_none():
                box.add(mail())

    def test_an_error_inside_is_all_there_is_to_say(self) -> None:
        with pytest.raises(ZeroDivisionError), Box().expect(subject="a"):
            raise ZeroDivisionError

    def test_a_wrong_keyword_is_said_before_the_block(self) -> None:
        with pytest.raises(TypeError):
            Box().expect(**{"subjct": "x"})  # type: ignore[typeddict-item]


class TestHolder:
    def test_one_that_does_not_say_what_was_sent_is_told(self) -> None:
        with pytest.raises(NotImplementedError, match="Assertions does not say what was sent"):
            Assertions().assert_none()
        assert Assertions().failed == ()


def expecting(box: Box) -> None:
    with box.expect(subject="x"):
        pass


FAILING: list[Callable[[Box], Any]] = [
    lambda box: box.assert_sent(subject="x"),
    lambda box: box.assert_not_sent(subject="a"),
    lambda box: box.assert_none(),
    lambda box: box.assert_count(1),
    lambda box: box.assert_all_checked(),
    lambda box: box.wait_for(0, subject="x"),
    expecting,
]
LOOKING: list[Callable[[Box], Any]] = [
    lambda box: box.sent[0].link("x"),
    lambda box: box.sent[0].code("x"),
    lambda box: box.sent[0].attachment("x"),
]


class TestTracebacks:
    @pytest.mark.parametrize("failing", FAILING + LOOKING)
    def test_pytest_shows_the_test_and_nothing_of_ours(self, failing: Callable[[Box], Any]) -> None:
        with pytest.raises(AssertionError) as caught:
            failing(three()[0])
        assert {entry.path.name for entry in caught.traceback.filter(caught)} == {"test_assertions.py"}  # type: ignore[union-attr]

    @pytest.mark.parametrize("failing", FAILING)
    def test_neither_does_unittest(self, failing: Callable[[Box], Any]) -> None:
        class Case(unittest.TestCase):
            def runTest(self) -> None:
                failing(three()[0])

        result = unittest.TestResult()
        Case().run(result)
        [(_, shown)] = result.failures
        assert "mailbridge/testing" not in shown
