"""Bcc leaves a rendered message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.message.blind import without_bcc

pytestmark = pytest.mark.catalogue("A39")


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"], ids=["crlf", "lf", "cr"])
@pytest.mark.parametrize(
    "blind",
    [b"Bcc: e@x", b"BCC:e@x,|\tf@x,| g@x", b"bcc : e@x", b"Resent-Bcc: e@x", b"Bcc:", b"Bcc: e@x|bcc: f@x"],
    ids=repr,
)
def test_only_the_blind_fields_go(blind: bytes, end: bytes) -> None:
    def message(*lines: bytes) -> bytes:
        return end.join(lines).replace(b"|", end)

    body = (b"", b"Bcc: stays, for it is text", b"")
    for before, after in ((b"From: a@b.c", b"To: d@e.f|\tx"), (b"X: y", b"X-Bcc: z")):
        assert without_bcc(message(before, blind, after, *body)) == message(before, after, *body)
        assert without_bcc(message(blind, before, after, *body)) == message(before, after, *body)
        assert without_bcc(message(before, after, blind, *body)) == message(before, after, *body)


def test_a_bare_carriage_return_hides_no_bcc() -> None:
    assert without_bcc(b"X: y\rBcc: e@x\r\nTo: a@b\r\n\r\n") == b"X: y\rTo: a@b\r\n\r\n"


def test_no_line_end_is_made_of_two() -> None:
    assert without_bcc(b"X: y\rBcc: e@x\n\nBcc: text") == b"X: y\r\n\nBcc: text"


@pytest.mark.parametrize("raw", [b"", b"\r\nBcc: x\r\n", b"Subject: Bcc: x\r\n\r\n", b"X: y\r\n Bcc: z\r\n\r\n"])
def test_anything_else_is_untouched(raw: bytes) -> None:
    assert without_bcc(raw) == raw


@given(
    st.lists(st.sampled_from([b"Bcc: a", b"X: b", b" c", b"\r", b"\n", b"\r\n", b"\tBcc: d", b"bCC:", b""])).map(
        b"".join
    )
)
def test_no_field_of_the_result_is_blind(raw: bytes) -> None:
    kept = without_bcc(raw)
    head = kept.replace(b"\r\n", b"\n").replace(b"\r", b"\n").partition(b"\n\n")[0] if kept[:1] not in b"\r\n" else b""
    assert not [line for line in head.split(b"\n") if line.lower().startswith(b"bcc")]
    assert without_bcc(kept) == kept
