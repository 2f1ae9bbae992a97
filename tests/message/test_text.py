"""Text for headers and bodies, bytes, and how errors quote them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import MessageInvalid
from mailbridge.message.text import LIMIT, body_text, header_text, octets, shown

ENDS_A_LINE = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


@pytest.mark.catalogue("A2")
@pytest.mark.parametrize("character", [*ENDS_A_LINE, "\0", "\x7f", "\t", "\x1b", "\x9b"], ids=ascii)
@pytest.mark.parametrize("where", ["{}x", "x{}x", "x{}"])
def test_nothing_that_ends_a_line_stands_in_a_header(character: str, where: str) -> None:
    with pytest.raises(MessageInvalid, match="control character") as refusal:
        header_text(where.format(character), "subject")
    assert refusal.value.field == "subject"
    assert f"U+{ord(character[0]):04X}" in str(refusal.value)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])))
def test_everything_else_does_as_it_is(text: str) -> None:
    assert header_text(text, "subject") == text


@given(st.text())
def test_what_is_accepted_is_one_line_for_every_reader(text: str) -> None:
    try:
        header_text(text, "subject")
    except MessageInvalid:
        return
    assert len(text.splitlines()) <= 1
    text.encode()


@pytest.mark.catalogue("A17")
def test_a_megabyte_is_refused_at_once() -> None:
    begin = time.thread_time()
    with pytest.raises(MessageInvalid, match=f"1000000 characters; at most {LIMIT}"):
        header_text("\u2028" * 1_000_000, "subject")
    assert time.thread_time() - begin < 0.1


def test_a_body_may_have_every_character_that_utf8_has() -> None:
    assert body_text("a\0\r\n\u2028\U0010ffff", "text") == "a\0\r\n\u2028\U0010ffff"


@pytest.mark.parametrize("read", [header_text, body_text])
def test_a_lone_surrogate_is_refused_with_its_position(read: object) -> None:
    with pytest.raises(MessageInvalid, match=r"text contains the lone surrogate U\+DCE4 at position 2"):
        read("a\u00e4\udce4", "text")  # type: ignore[operator]


@pytest.mark.parametrize("value", [None, 5, b"x", ["x"]])
def test_only_text_is_text(value: object) -> None:
    for read in (header_text, body_text):
        with pytest.raises(MessageInvalid, match="must be text"):
            read(value, "subject")


def test_a_subclass_of_str_is_kept_as_plain_text() -> None:
    class Safe(str):
        __slots__ = ()

    assert type(header_text(Safe("x"), "subject")) is str
    assert type(body_text(Safe("x"), "text")) is str


def test_what_is_like_bytes_becomes_bytes() -> None:
    assert octets(bytearray(b"x"), "raw") == octets(memoryview(b"x"), "raw") == octets(b"x", "raw") == b"x"
    with pytest.raises(MessageInvalid, match="raw must be bytes, not str"):
        octets("x", "raw")


def test_errors_quote_in_ascii_and_short() -> None:
    assert shown("\u202eé") == r"'\u202e\xe9'"
    assert len(shown("x" * 1000)) < 70
    assert shown(None) == "NoneType"
