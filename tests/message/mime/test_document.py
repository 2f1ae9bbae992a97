"""A rendered message can be looked at, and its header changed within limits."""

from __future__ import annotations

import pytest

from mailbridge.errors import MessageInvalid
from mailbridge.message.mime import Mime


@pytest.fixture
def mime() -> Mime:
    return Mime(
        ["Subject: Hi\r\n", "X-Note: one\r\n two\r\n", "x-note: three\r\n", "MIME-Version: 1.0\r\n"],
        [b"Hello\r\n", b"World\r\n"],
        eight_bit=False,
    )


def test_chunks_are_the_header_and_the_segments(mime: Mime) -> None:
    head, *body = mime.chunks()
    assert head.endswith(b"MIME-Version: 1.0\r\n\r\n")
    assert body == [b"Hello\r\n", b"World\r\n"]
    assert bytes(mime) == head + b"".join(body)


def test_the_size_is_that_of_the_octets(mime: Mime) -> None:
    assert mime.size == len(mime) == len(bytes(mime))


def test_headers_are_shown_unfolded(mime: Mime) -> None:
    assert mime.headers[:3] == [("Subject", "Hi"), ("X-Note", "one two"), ("x-note", "three")]


def test_headers_are_a_copy(mime: Mime) -> None:
    mime.headers.clear()
    assert len(mime.headers) == 4


def test_a_header_can_be_added(mime: Mime) -> None:
    mime.add_header("X-Batch", "Grüße")
    assert mime.headers[-1] == ("X-Batch", "=?utf-8?b?R3LDvMOfZQ==?=")
    assert mime.chunks()[0].endswith(b"\r\nX-Batch: =?utf-8?b?R3LDvMOfZQ==?=\r\n\r\n")


def test_a_header_set_takes_the_place_of_all_of_its_name(mime: Mime) -> None:
    mime.set_header("X-NOTE", "new")
    assert mime.headers == [("Subject", "Hi"), ("X-NOTE", "new"), ("MIME-Version", "1.0")]


def test_a_header_set_is_added_where_there_was_none(mime: Mime) -> None:
    mime.set_header("X-Other", "new")
    assert mime.headers[-1] == ("X-Other", "new")


def test_a_header_can_be_removed(mime: Mime) -> None:
    mime.remove_header("x-Note")
    mime.remove_header("x-absent")
    assert [name for name, _ in mime.headers] == ["Subject", "MIME-Version"]
    assert b"X-Note" not in bytes(mime)


@pytest.mark.catalogue("A2", "A39")
@pytest.mark.parametrize("change", ["add_header", "set_header"])
@pytest.mark.parametrize(
    "value",
    [
        "a\r\nBcc: b@example.com",
        "a\nb",
        "a\r",
        "a\x0b",
        "a\x0c",
        "a\x1c",
        "a\x85",
        "a\u2028",
        "a\0",
        "a\x7f",
        "a\t",
        "\ud800",
    ],
)
def test_a_value_of_more_than_one_line_is_refused(mime: Mime, change: str, value: str) -> None:
    before = bytes(mime)
    with pytest.raises(MessageInvalid):
        getattr(mime, change)("X-Batch", value)
    assert bytes(mime) == before


@pytest.mark.catalogue("A3", "A39")
@pytest.mark.parametrize("change", ["add_header", "set_header", "remove_header"])
@pytest.mark.parametrize(
    "name",
    [
        "Bcc",
        "bcc",
        "From",
        "Received",
        "Content-Type",
        "DKIM-Signature",
        "MIME-Version",
        "X-Foo: a\r\nBcc",
        "X Foo",
        "",
        "Ä",
    ],
)
def test_a_name_that_is_not_the_callers_is_refused(mime: Mime, change: str, name: str) -> None:
    before = bytes(mime)
    with pytest.raises(MessageInvalid):
        getattr(mime, change)(*((name, "x") if change != "remove_header" else (name,)))
    assert bytes(mime) == before


def test_it_says_whether_the_header_needs_smtputf8(mime: Mime) -> None:
    assert not mime.utf8
    assert Mime(["To: 用户@example.org\r\n"], [], eight_bit=False).utf8


def test_its_repr_shows_no_content(mime: Mime) -> None:
    assert repr(mime) == f"<Mime of {mime.size} octets, 4 header fields>"
