"""Encoded words carry any text, are short enough, and split no character."""

from __future__ import annotations

from email.header import decode_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.message.mime.words import SMALLEST, WORD, words

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=400) | st.text("aé=_?日🎉 ", max_size=200)


def decoded(word: str) -> str:
    [(content, charset)] = decode_header(word)
    assert charset == "utf-8"
    assert isinstance(content, bytes)
    return content.decode("utf-8")  # raises where a character was split


@given(TEXTS, st.integers(SMALLEST, WORD))
def test_words_decoded_one_by_one_join_to_the_text(text: str, first: int) -> None:
    assert "".join(map(decoded, words(text, first))) == text


@given(TEXTS, st.integers(SMALLEST, WORD))
def test_no_word_is_too_long(text: str, first: int) -> None:
    head, *rest = words(text, first)
    assert len(head) <= first
    assert all(len(word) <= WORD for word in rest)


@given(TEXTS)
def test_a_word_is_ascii_without_spaces_and_safe_in_a_phrase(text: str) -> None:
    for word in words(text):
        assert word.isascii()
        assert word.isprintable()
        assert not set(word) & set(' "(),.:;<>@[\\]')


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Café Central", "q"),
        ("=?utf-8?q?x?=", "b"),
        ("日本語", "b"),
        ("Ærø is an island of Denmark", "q"),
        ("a" * 400 + "é", "q"),
    ],
)
def test_the_shorter_encoding_is_used(text: str, kind: str) -> None:
    assert all(word.startswith(f"=?utf-8?{kind}?") for word in words(text))


def test_spaces_at_the_seams_are_inside_the_words() -> None:
    first, *rest = words("ä " * 100)
    assert rest
    assert "".join(map(decoded, [first, *rest])) == "ä " * 100


@pytest.mark.parametrize("text", ["🎉" * 50, "e\u0301" * 50, "a🎉" * 50, "=é" * 50])
def test_a_character_of_several_octets_is_never_cut(text: str) -> None:
    for first in range(SMALLEST, WORD + 1):
        assert "".join(map(decoded, words(text, first))) == text


def test_a_megabyte_takes_linear_time() -> None:
    assert len(words("é=" * 500_000)) > 10_000
