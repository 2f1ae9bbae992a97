"""Parameters say any value, in forms that readers of the last ten years know."""

from __future__ import annotations

import email
import email.policy
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.message.mime.parameters import field, parameter, quoted

VALUES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), min_size=1, max_size=255
)


def read(value: str) -> str:
    text = field("Content-Disposition", "attachment", parameter("filename", value)) + "\r\n"
    header = email.message_from_string(text, policy=email.policy.default)["Content-Disposition"]
    assert header.defects == ()
    return cast(str, header.params["filename"])


@given(VALUES)
def test_the_standard_library_reads_the_same_value(value: str) -> None:
    assert read(value) == value


@given(VALUES)
def test_no_line_is_over_78(value: str) -> None:
    lines = field("Content-Disposition", "attachment", parameter("filename", value)).split("\r\n")
    assert max(map(len, lines)) <= 78
    assert all(line.startswith(" ") for line in lines[1:-1])


def test_plain_names_are_quoted_strings() -> None:
    assert parameter("filename", "invoice 1.pdf") == ['filename="invoice 1.pdf"']


def test_quotes_and_backslashes_are_escaped() -> None:
    assert quoted('a"b\\c') == r'"a\"b\\c"'


@pytest.mark.catalogue("A1", "A4")
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("=?utf-8?q?evil=2Eexe?=", id="A1-encoded-word"),
        pytest.param('a.txt"; name="b.exe', id="A4-quote"),
        pytest.param("x" * 255, id="A4-long"),
        pytest.param("日本" * 127, id="A4-long-japanese"),
        pytest.param("a*0*=utf-8''%41", id="A4-rfc2231"),
        pytest.param("100%.txt", id="A4-percent"),
    ],
)
def test_hostile_names_come_back_as_they_are(value: str) -> None:
    assert read(value) == value


def test_text_like_an_encoded_word_does_not_stand_in_clear() -> None:
    assert parameter("filename", "=?utf-8?q?x?=") == ["filename*=utf-8''%3D%3Futf-8%3Fq%3Fx%3F%3D"]


def test_characters_are_not_split_between_pieces() -> None:
    for piece in parameter("filename", "é🎉" * 100):
        value = piece.partition("=")[2].removeprefix("utf-8''")
        bytes.fromhex(value.replace("%", "")).decode()
