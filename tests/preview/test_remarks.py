"""What is worth a second look before a mail goes out."""

from __future__ import annotations

import pytest

from mailbridge.content import Content
from mailbridge.preview.remarks import GMAIL_CLIPS_AT, remarks

GOOD = Content(
    "Welcome", "Hello", '<p>Hello <a href="https://example.com">x</a><img src="https://example.com/a.png" alt="">'
)


def test_of_a_good_mail_there_is_nothing_to_say() -> None:
    assert remarks(GOOD) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD._replace(subject=None), "The subject is empty."),
        (GOOD._replace(subject="x" * 71), "The subject has 71 characters"),
        (GOOD._replace(text=None), "There is no text"),
        (GOOD._replace(html="<img src=https://a/b.png><img src=https://a/c.png>"), "2 images have no alt text"),
        (GOOD._replace(html="<img src=logo.png alt=x>"), "the image logo.png: its address is relative"),
        (GOOD._replace(html="<a href=/reset>Reset</a>"), 'The link "Reset" leads nowhere: its address is "/reset"'),
        (GOOD._replace(html="<a href=javascript:x>Go</a>"), 'its address is "javascript:x"'),
        (GOOD._replace(html="x" * (GMAIL_CLIPS_AT + 1)), "Gmail shows the first 102.0 KB and clips the rest"),
    ],
)
def test_what_is_amiss_is_said_in_a_sentence(content: Content, said: str) -> None:
    (remark,) = remarks(content)
    assert said in remark
    assert remark.endswith(".") or remark.endswith('".')


def test_html_at_the_limit_is_not_clipped() -> None:
    assert remarks(GOOD._replace(html="é" * (GMAIL_CLIPS_AT // 2))) == []


def test_a_mail_of_text_alone_needs_nothing_more() -> None:
    assert remarks(Content("Welcome", "Hello")) == []
