"""Dot-stuffing, and with it the end of SMTP smuggling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.smtp.stuffing import DOT, stuffed

lines = st.lists(st.text(".abc", max_size=5).map(lambda line: f"{line}\r\n".encode()), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", b""),
        (b"hello\r\n", b"hello\r\n"),
        (b".\r\n", b"..\r\n"),
        (b"..\r\n", b"...\r\n"),
        (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n"),
        (b"a.\r\nb\r\n", b"a.\r\nb\r\n"),
    ],
)
def test_a_dot_at_the_start_of_a_line_is_doubled(content: bytes, said: bytes) -> None:
    assert b"".join(stuffed([content])) == said


@given(st.lists(lines, max_size=5))
def test_chunks_make_no_difference(chunks: list[list[bytes]]) -> None:
    content = [b"".join(chunk) for chunk in chunks]
    assert b"".join(stuffed(content)) == b"".join(stuffed([b"".join(content)])) if content else True


@given(lines)
def test_the_other_side_reads_what_was_meant(content: list[bytes]) -> None:
    whole = b"".join(content)
    said = b"".join([*stuffed([whole]), DOT])
    body, end, rest = (b"\r\n" + said).partition(b"\r\n.\r\n")
    assert (end, rest) == (b"\r\n.\r\n", b""), "the content ends where we end it, and nowhere else"
    assert (body[2:] + b"\r\n").removeprefix(b".").replace(b"\r\n.", b"\r\n") == whole


def test_content_without_dots_is_not_copied() -> None:
    content = b"x" * 1000 + b"\r\n"
    assert stuffed([content])[0] is content
