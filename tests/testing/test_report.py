"""A failure prints what a person needs: what was wanted, the nearest mail line by line, the others, what failed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mails import Box, mail, message

from mailbridge.errors import ConnectFailed, RateLimited
from mailbridge.message.attachment import Attachment
from mailbridge.testing import Match, SentMail

WELCOME = {"to": "bob@example.org", "subject": "Welcome", "text": "Hi Bob"}
RESET = {
    "to": ["Ann <ann@example.org>"],
    "subject": "Reset your pasword",
    "text": "Dear Ann,\n\nyour code is 123456.\nIt is good for an hour.\n\nThe team\n",
    "tags": ["reset"],
    "metadata": {"user": 7},
    "headers": {"X-Batch": "7"},
    "attachments": [Attachment(b"x", "terms.pdf")],
}
BODY = st.none() | st.text("ab\r\n <>", max_size=40)


def failure(box: Box, method: str = "assert_sent", **criteria: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        getattr(box, method)(**criteria)
    return str(caught.value)


def details(failure: str) -> list[str]:
    """Return what a failure says about the nearest mail."""
    return [line for line in failure.splitlines() if line.startswith("  ") and not line.startswith("  sent[")]


class TestNothingSent:
    def test_it_says_so(self) -> None:
        assert failure(Box(), subject="Hi") == "assert_sent(subject='Hi'): no mail was sent."

    def test_sends_that_failed_are_named_with_their_error(self) -> None:
        box = Box(
            failed=[
                (message(), RateLimited("429 Too many requests, api_key=s3cret", retry_after=3)),
                (message(**WELCOME), ConnectFailed("smtp://ann:s3cret@mail.example.com:587 refused the connection")),
            ]
        )
        assert failure(box, subject="Welcome") == (
            "assert_sent(subject='Welcome'): no mail was sent.\n"
            "2 sends failed:\n"
            "  'Hi' to ann@example.org: RateLimited: 429 Too many requests, api_key=********\n"
            "  'Welcome' to bob@example.org (it would match): ConnectFailed: "
            "smtp://********@mail.example.com:587 refused the connection"
        )

    def test_a_failed_send_is_not_asked_what_only_a_sent_mail_knows(self) -> None:
        box = Box(failed=[(message(), RateLimited("slow down"))])
        assert failure(box, where=lambda sent: sent.receipt.accepted).endswith(
            "1 send failed:\n  'Hi' to ann@example.org: RateLimited: slow down"
        )

    def test_the_holder_has_the_last_word(self) -> None:
        box = Box(notes=["1 mail waits in the queue: drain() delivers it."])
        assert failure(box, method="assert_sent") == (
            "assert_sent(): no mail was sent.\n1 mail waits in the queue: drain() delivers it."
        )


class TestNearest:
    def test_the_only_mail_is_compared_criterion_by_criterion(self) -> None:
        box = Box(mail(**RESET))
        assert failure(box, to="ann@example.org", subject="Reset your password", html="Dear") == (
            "assert_sent(to='ann@example.org', subject='Reset your password', html='Dear'): "
            "the only mail does not match.\n"
            "It is sent[0] 'Reset your pasword' to ann@example.org:\n"
            "  ✓ to       'ann@example.org'\n"
            "  ✗ subject  wanted 'Reset your password'\n"
            "             found  'Reset your pasword'\n"
            "                                   ^\n"
            "  ✗ html     wanted to contain 'Dear'\n"
            "             found  nothing\n"
            "             (the plain form has it)"
        )

    def test_of_several_the_one_that_fulfils_most_is_nearest(self) -> None:
        box = Box(mail(**WELCOME), mail(**RESET), SentMail(message(**WELCOME), mailer="bulk"))
        assert failure(box, to="ann@example.org", subject="Welcome!", tag="reset") == (
            "assert_sent(to='ann@example.org', subject='Welcome!', tag='reset'): none of 3 mails matches.\n"
            "The nearest is sent[1] 'Reset your pasword' to ann@example.org:\n"
            "  ✓ to       'ann@example.org'\n"
            "  ✗ subject  wanted 'Welcome!'\n"
            "             found  'Reset your pasword'\n"
            "  ✓ tag      'reset'\n"
            "The others:\n"
            "  sent[0] 'Welcome' to bob@example.org\n"
            "  sent[2] 'Welcome' to bob@example.org via bulk"
        )

    def test_among_equals_letters_decide(self) -> None:
        box = Box(mail(**RESET), mail(**WELCOME))
        assert "The nearest is sent[1] 'Welcome'" in failure(box, subject="Welcome!")

    def test_many_mails_are_not_listed_one_by_one(self) -> None:
        said = failure(Box(*(mail(**WELCOME) for _ in range(30))), subject="Hi").splitlines()
        assert said[0] == "assert_sent(subject='Hi'): none of 30 mails matches."
        assert said[-2:] == ["  sent[20] 'Welcome' to bob@example.org", "  … and 9 more"]


class TestFindings:
    @pytest.mark.parametrize(
        ("criteria", "said"),
        [
            (
                {"to": "bob@example.org"},
                ["  ✗ to  wanted 'bob@example.org'", "        found  'Ann <ann@example.org>'"],
            ),
            (
                {"to": "Anna <ann@example.org>"},
                [
                    "  ✗ to  wanted 'Anna <ann@example.org>'",
                    "        found  'Ann <ann@example.org>'",
                    "                   ^",
                    "        (the name differs)",
                ],
            ),
            (
                {"to": ["ann@example.org", "bob@example.org"]},
                [
                    "  ✗ to  wanted exactly ['ann@example.org', 'bob@example.org']",
                    "        missing 'bob@example.org'",
                ],
            ),
            (
                {"to": [re.compile("bob")]},
                [
                    "  ✗ to  wanted exactly [re.compile('bob')]",
                    "        missing re.compile('bob')",
                    "        beyond  'Ann <ann@example.org>'",
                ],
            ),
            ({"to": []}, ["  ✗ to  wanted exactly []", "        beyond  'Ann <ann@example.org>'"]),
            (
                {"cc": "ann@example.org"},
                ["  ✗ cc  wanted 'ann@example.org'", "        found  nothing", "        (it is in to)"],
            ),
            (
                {"subject": re.compile("^Hi")},
                ["  ✗ subject  wanted re.compile('^Hi')", "             found  'Reset your pasword'"],
            ),
            (
                {"text": "your code is 654321."},
                [
                    "  ✗ text  wanted to contain 'your code is 654321.'",
                    "          found  'your code is 123456.' in line 3 of 7",
                ],
            ),
            (
                {"text": "your code is 654321.\nIt is good for an hour."},
                [
                    "  ✗ text  wanted to contain 'your code is 654321.\\nIt is good for an hour.'",
                    "          found  lines 3 to 4 of 7, which are nearest:",
                    "            -your code is 654321.",
                    "            +your code is 123456.",
                    "             It is good for an hour.",
                ],
            ),
            (
                {"text": "zzz"},
                [
                    "  ✗ text  wanted to contain 'zzz'",
                    "          found  'Dear Ann,\\n\\nyour code is 123456.\\nIt is good for an hour.\\n\\nThe team\\n'",
                ],
            ),
            ({"text": None}, ["  ✗ text  wanted none", "          found  " + repr(RESET["text"])]),
            (
                {"header": {"X-Batch": "8", "X-None": "1"}},
                [
                    "  ✗ header['X-Batch']  wanted '8'",
                    "                       found  '7'",
                    "  ✗ header['X-None']   wanted '1'",
                    "                       found  nothing",
                ],
            ),
            ({"tag": "welcome"}, ["  ✗ tag  wanted 'welcome'", "         found  'reset'"]),
            (
                {"metadata": {"user": 8, "plan": "pro"}},
                [
                    "  ✗ metadata['user']  wanted 8",
                    "                      found  7",
                    "  ✗ metadata['plan']  wanted 'pro'",
                    "                      found  nothing",
                ],
            ),
            ({"attachment": "a.pdf"}, ["  ✗ attachment  wanted 'a.pdf'", "                found  'terms.pdf'"]),
            ({"backend": "bulk"}, ["  ✗ backend  wanted 'bulk'", "             found  'default'"]),
        ],
    )
    def test_each_says_what_was_wanted_and_what_there_is(self, criteria: dict[str, Any], said: list[str]) -> None:
        assert details(failure(Box(mail(**RESET)), **criteria)) == said

    def test_a_callable_is_named_by_its_place(self) -> None:
        said = details(failure(Box(mail(**RESET)), where=lambda sent: False))
        assert re.fullmatch(r"  ✗ where  wanted <<lambda> in test_report\.py:\d+>", "\n".join(said))

    def test_what_a_callable_asserted_is_said(self) -> None:
        def three_files(sent: SentMail) -> bool:
            if len(sent.attachments) != 3:
                raise AssertionError("one file only\nand not three")
            return True

        assert details(failure(Box(mail(**RESET)), where=three_files))[1:] == [
            "           (one file only",
            "           and not three)",
        ]

    def test_long_values_are_cut_and_measured(self) -> None:
        [_, found] = details(failure(Box(mail(subject="x" * 500)), subject="y"))
        assert found == f"             found  '{'x' * 120}'… (500 characters)"

    def test_a_long_body_is_searched_for_its_nearest_lines(self) -> None:
        body = "".join(f"line {n} of many\n" for n in range(1000))
        said = details(failure(Box(mail(text=body)), text="LINE 123 of many"))
        assert said[1] == "          found  'line 123 of many' in line 124 of 1001"

    def test_of_a_long_line_the_nearest_piece_is_shown(self) -> None:
        html = f"<table>{'<td>cell</td>' * 500}<p>Your code is 123456</p>{'<td>cell</td>' * 500}</table>"
        said = details(failure(Box(mail(html=html)), html="<p>Your code is 654321</p>"))
        assert said[1] == "          found  '<p>Your code is 123456</p>' in line 1 of 1"

    def test_lines_that_look_like_the_head_of_a_diff_are_lines(self) -> None:
        said = details(failure(Box(mail(text="Hi\n-- \nThe team")), text="Hi\n-- \nThe crew"))
        assert said[2:] == ["             Hi", "             --", "            -The crew", "            +The team"]


class TestSensitive:
    def test_nothing_of_the_content_is_quoted(self) -> None:
        secret = mail(**{**RESET, "sensitive": True, "html": "<p>123456</p>"})
        asked = {"subject": "Hi", "text": "code", "html": "x", "header": {"X-Batch": "8"}, "metadata": {"user": 8}}
        said = failure(Box(secret), to="bob@example.org", tag="reset", **asked)
        assert said.splitlines()[1:] == [
            "It is sent[0] <subject hidden> to ann@example.org:",
            "  ✗ to                 wanted 'bob@example.org'",
            "                       found  'Ann <ann@example.org>'",
            "  ✗ subject            wanted 'Hi'",
            "                       found  (hidden, for the message is sensitive)",
            "  ✓ text               'code'",
            "  ✗ html               wanted to contain 'x'",
            "                       found  (hidden, for the message is sensitive)",
            "  ✗ header['X-Batch']  wanted '8'",
            "                       found  (hidden, for the message is sensitive)",
            "  ✓ tag                'reset'",
            "  ✗ metadata['user']   wanted 8",
            "                       found  (hidden, for the message is sensitive)",
        ]

    @pytest.mark.parametrize("keyword", ["subject", "text", "html"])
    def test_neither_is_what_a_pattern_missed(self, keyword: str) -> None:
        secret = mail(subject="s3cret", text="s3cret", html="s3cret", sensitive=True)
        assert "s3cret" not in failure(Box(secret), **{keyword: re.compile("x")})


ANYTHING = st.text(max_size=30) | st.sampled_from([re.compile("x"), re.compile(""), None, str.isupper])
PEOPLE = st.sampled_from(
    ["ann@example.org", "Bob <bob@example.org>", re.compile("^bob"), ["ann@example.org"], [], {"x@y.example"}]
)


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"subject": st.text("aA ü", max_size=20), "text": BODY, "html": BODY, "sensitive": st.booleans()}
        )
    ),
    st.fixed_dictionaries(
        {}, optional={"to": PEOPLE, "bcc": PEOPLE, "subject": ANYTHING.filter(bool), "text": ANYTHING, "html": ANYTHING}
    ),
    st.integers(0, 3),
)
def test_every_failure_can_be_told(mails: list[dict[str, Any]], criteria: dict[str, Any], times: int) -> None:
    box = Box(*(mail(**fields) for fields in mails))
    match = Match(**criteria)
    if len(match.select(box.sent)) == times:
        assert box.assert_sent(times=times, **criteria) == match.select(box.sent)
    else:
        said = failure(box, times=times, **criteria)
        assert said.startswith(f"assert_sent({match}{', ' if criteria else ''}times={times}): ")
        assert all(line.startswith(("  ", "What ", "It is ", "The ")) for line in said.splitlines()[1:])


class TestTooMany:
    def test_those_that_match_are_listed_and_the_way_out_is_said(self) -> None:
        box = Box(mail(**WELCOME), mail(**RESET), mail(**WELCOME))
        assert failure(box, subject="Welcome") == (
            "assert_sent(subject='Welcome'): 2 of 3 mails match, and 1 was wanted. "
            "Say more of the one that is meant, or times=…, if there shall be several.\n"
            "What matches:\n"
            "  sent[0] 'Welcome' to bob@example.org\n"
            "  sent[2] 'Welcome' to bob@example.org"
        )

    def test_none_were_wanted(self) -> None:
        assert failure(Box(mail(**WELCOME)), "assert_not_sent", to="bob@example.org") == (
            "assert_not_sent(to='bob@example.org'): the only mail matches, and none were wanted.\n"
            "What matches:\n"
            "  sent[0] 'Welcome' to bob@example.org"
        )

    def test_too_few_show_what_matches_and_what_comes_near(self) -> None:
        box = Box(mail(**WELCOME), mail(**RESET))
        assert failure(box, subject="Welcome", times=2) == (
            "assert_sent(subject='Welcome', times=2): 1 of 2 mails matches, and 2 were wanted.\n"
            "What matches:\n"
            "  sent[0] 'Welcome' to bob@example.org\n"
            "The nearest is sent[1] 'Reset your pasword' to ann@example.org:\n"
            "  ✗ subject  wanted 'Welcome'\n"
            "             found  'Reset your pasword'"
        )
