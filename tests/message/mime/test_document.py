"""A rendered message can be looked at, and its header changed within limits."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


SIGNATURE = (
    "v=1; a=rsa-sha256; d=example.com; s=2026;\r\n h=from:to:subject; bh=47DEQpj8HBSa+/TImW+5JCeuQe==;\r\n  b="
    + "A" * 400
)


def test_a_header_can_be_put_before_all_others_exactly_as_it_is(mime: Mime) -> None:
    mime.prepend_header("X-Second", "not =?folded?= " + "x" * 200)
    before = bytes(mime)
    mime.prepend_header("DKIM-Signature", SIGNATURE)
    assert bytes(mime) == f"DKIM-Signature: {SIGNATURE}\r\n".encode() + before
    assert mime.headers[0] == ("DKIM-Signature", SIGNATURE.replace("\r\n", ""))
    assert mime.headers[1] == ("X-Second", "not =?folded?= " + "x" * 200)
    assert mime.size == len(bytes(mime))


def test_the_standard_library_finds_what_was_put_first(mime: Mime) -> None:
    mime.prepend_header("DKIM-Signature", SIGNATURE)
    parsed = message_from_bytes(bytes(mime), policy=policy.compat32)
    assert parsed.keys() == ["DKIM-Signature", "Subject", "X-Note", "x-note", "MIME-Version"]
    assert parsed["DKIM-Signature"] == SIGNATURE
    assert parsed.get_payload() == "Hello\r\nWorld\r\n"


def test_a_line_of_what_is_put_first_may_be_998_octets_long_and_no_longer(mime: Mime) -> None:
    mime.prepend_header("X-Long", "a" * 990 + "\r\n " + "b" * 997)
    for value in ("a" * 991, "a\r\n " + "b" * 998):
        with pytest.raises(MessageInvalid, match="998") as caught:
            mime.prepend_header("X-Long", value)
        assert caught.value.field == "headers"


@pytest.mark.catalogue("A2", "A39")
@pytest.mark.parametrize(
    "value",
    [
        "a\r\nBcc: b@example.com", "a\r\n\r\nbody", "a\r\n \r\n b", "a\r\n ", "a\r\n", "\r\n a", "a\n b", "a\r b",
        "a\r\r\n b", "a\r\n\tb", "a\tb", "a\0", "a\x7f", "a\x0b", "a\x85b", "a\u2028b", "ü", "\ud800", "", " a", "a ",
    ],
)  # fmt: skip
def test_what_would_be_more_than_one_field_is_not_put_first(mime: Mime, value: str) -> None:
    before = bytes(mime)
    with pytest.raises(MessageInvalid) as caught:
        mime.prepend_header("DKIM-Signature", value)
    assert caught.value.field == "headers"
    assert bytes(mime) == before


@given(
    st.lists(
        st.sampled_from(["a", ";", "=", " ", "\r\n ", "\r\n", "\r", "\n", "\t", ":", "Bcc: b@example.com", "\0", "ü"])
    ).map("".join)
)
def test_whatever_is_put_first_is_one_field_or_refused(value: str) -> None:
    mime = Mime(["Subject: Hi\r\n"], [b"Hello\r\n"], eight_bit=False)
    before = bytes(mime)
    try:
        mime.prepend_header("X-A", value)
    except MessageInvalid:
        assert bytes(mime) == before
    else:
        parsed = message_from_bytes(bytes(mime), policy=policy.compat32)
        assert parsed.items() == [("X-A", value), ("Subject", "Hi")]
        assert (parsed.get_payload(), parsed.defects) == ("Hello\r\n", [])


@pytest.mark.catalogue("A3", "A39")
@pytest.mark.parametrize(
    "name",
    ["Bcc", "From", "Received", "Content-Type", "DKIM-Signature2", "ARC-Seal", "X-Foo: a\r\nBcc", "X Foo", "", "Ä"],
)
def test_only_a_signature_may_be_put_first_beside_what_a_caller_may_set(mime: Mime, name: str) -> None:
    before = bytes(mime)
    with pytest.raises(MessageInvalid):
        mime.prepend_header(name, "x")
    assert bytes(mime) == before
    mime.prepend_header("dkim-signature", "x")
    assert mime.headers[0] == ("dkim-signature", "x")


def test_it_says_whether_the_header_needs_smtputf8(mime: Mime) -> None:
    assert not mime.utf8
    assert Mime(["To: 用户@example.org\r\n"], [], eight_bit=False).utf8


def test_its_repr_shows_no_content(mime: Mime) -> None:
    assert repr(mime) == f"<Mime of {mime.size} octets, 4 header fields>"
