"""Raw messages are sent octet for octet, but for line ends and Bcc."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import Unsupported
from mailbridge.message.mime.raw import render_raw

WHOLE = b"From: a@example.com\r\nSubject: =?utf-8?q?x?=\r\n\tfolded\r\n\r\nbody\r\n.\r\n"


def rendered(raw: bytes, *, eight_bit: bool = True, utf8: bool = True) -> bytes:
    return bytes(render_raw(raw, eight_bit=eight_bit, utf8=utf8))


def test_a_message_in_order_stays_as_it_is() -> None:
    assert rendered(WHOLE) == WHOLE


@pytest.mark.catalogue("A12")
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_bare_line_ends_become_crlf(end: bytes) -> None:
    assert rendered(WHOLE.replace(b"\r\n", end)) == WHOLE


@pytest.mark.catalogue("A39")
@pytest.mark.parametrize(
    "field",
    [
        b"Bcc: secret@example.org\r\n",
        b"BCC: secret@example.org,\r\n secret2@example.org\r\n\tsecret3@example.org\r\n",
        b"bcc \t: secret@example.org\r\n",
        b"Resent-Bcc: secret@example.org\r\n",
        b"Bcc:\r\n secret@example.org\r\n",
        b"X: y\rBcc: secret@example.org\r\n",
        b"X: y\nBcc: secret@example.org\r\n",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_blind_copies_stay_blind(field: bytes, first: bool) -> None:
    raw = field + WHOLE if first else WHOLE.replace(b"Subject", field + b"Subject")
    assert b"secret" not in rendered(raw)
    assert rendered(raw).replace(b"X: y\r\n", b"") == WHOLE


def test_a_bcc_in_the_body_is_text() -> None:
    raw = WHOLE + b"Bcc: not-a-header@example.org\r\n"
    assert rendered(raw) == raw


def test_fields_like_bcc_stay() -> None:
    raw = b"Bcc-Note: x\r\nX-Bcc: y\r\n" + WHOLE
    assert rendered(raw) == raw


@pytest.mark.parametrize(
    ("raw", "octets"),
    [
        (b"Subject: x", b"Subject: x\r\n\r\n"),
        (b"Subject: x\r\n", b"Subject: x\r\n\r\n"),
        (b"Subject: x\r\n\r\n", b"Subject: x\r\n\r\n"),
        (b"\r\nbody", b"\r\nbody\r\n"),
        (b"\nbody", b"\r\nbody\r\n"),
        (b"A: b\n\nbody", b"A: b\r\n\r\nbody\r\n"),
        (b"A: b\r\rbody", b"A: b\r\n\r\nbody\r\n"),
        (b"A: b\r\n\n\nbody", b"A: b\r\n\r\n\r\nbody\r\n"),
    ],
)
def test_parts_that_are_missing_are_empty(raw: bytes, octets: bytes) -> None:
    assert rendered(raw) == octets


PIECES = [b"a", b":", b" ", b"\t", b"\r", b"\n", b"\r\n", b"Bcc:", b"\xff", b"\n\n"]


@given(st.lists(st.sampled_from(PIECES)).map(b"".join))
def test_any_octets_end_in_crlf_lines_without_bcc(raw: bytes) -> None:
    octets = rendered(raw)
    assert octets.count(b"\r\n") == octets.count(b"\r") == octets.count(b"\n")
    head = (b"\r\n" + octets).partition(b"\r\n\r\n")[0]
    assert not any(line.startswith(b"Bcc:") for line in head.split(b"\r\n"))


def test_octets_over_127_in_the_body_need_8bitmime() -> None:
    raw = WHOLE + "Grüße\r\n".encode("latin-1")
    assert rendered(raw) == raw
    with pytest.raises(Unsupported, match="8BITMIME") as caught:
        rendered(raw, eight_bit=False)
    assert (caught.value.feature, caught.value.field) == ("8bitmime", "raw")


@pytest.mark.parametrize("name", ["Zoë".encode(), "Zoë".encode("latin-1")])
def test_octets_over_127_in_the_header_need_smtputf8_and_stay_as_they_are(name: bytes) -> None:
    raw = b"X-Name: " + name + b"\r\n" + WHOLE
    mime = render_raw(raw, eight_bit=True, utf8=True)
    assert mime.utf8
    assert bytes(mime) == raw
    with pytest.raises(Unsupported, match="SMTPUTF8") as caught:
        rendered(raw, utf8=False)
    assert caught.value.feature == "smtputf8"


def test_hooks_may_add_headers_to_it() -> None:
    mime = render_raw(WHOLE, eight_bit=True, utf8=False)
    mime.add_header("X-Batch", "1")
    mime.set_header("X-Batch", "2")
    head, _, body = WHOLE.partition(b"\r\n\r\n")
    assert bytes(mime) == head + b"\r\nX-Batch: 2\r\n\r\n" + body
