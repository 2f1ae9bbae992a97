"""The header of a message, field by field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address
from mailbridge.message.parse.header import Field, said, split
from mailbridge.message.parse.loss import Loss


def fields(raw: bytes) -> list[Field]:
    """Return the header of a message."""
    return split(raw)[0]


CEST = timezone(timedelta(hours=2))


class TestFields:
    @pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
    def test_lines_are_unfolded(self, end: bytes) -> None:
        raw = end.join([b"From: a@b.c", b"Subject: one", b"\ttwo", b"  three ", b"X-Empty:", b"", b"Not: header"])
        assert fields(raw) == [Field("From", "a@b.c"), Field("Subject", "one two  three"), Field("X-Empty", "")]

    def test_a_header_may_be_all(self) -> None:
        assert fields(b"A: b") == fields(b"A: b\r\n") == fields(b"A: b\r\n\r\n") == [Field("A", "b")]
        assert fields(b"") == fields(b"\r\nA: b") == []

    def test_a_name_may_have_obsolete_space_behind_it(self) -> None:
        assert fields(b"Subject : x\n\n") == [Field("Subject", "x")]

    def test_utf8_is_text_and_other_octets_are_kept_apart(self) -> None:
        assert fields("Subject: ü\n\n".encode()) == [Field("Subject", "ü")]
        assert fields(b"Subject: \xfc\n\n") == [Field("Subject", "\udcfc")]

    @pytest.mark.parametrize("raw", [b"no header\n\n", b": x\n\n", b" A: b\n\n", b"S\xc3\xbc: x\n\n", b"A B: x\n\n"])
    def test_a_line_that_is_no_field_is_refused(self, raw: bytes) -> None:
        with pytest.raises(MessageInvalid, match="Field 1 of the message's header has no name"):
            fields(raw)

    @pytest.mark.catalogue("A2")
    @pytest.mark.parametrize("octet", [b"\0", b"\x0b", b"\x0c", b"\x1c", b"\x1b", b"\x7f"])
    def test_a_control_character_is_refused(self, octet: bytes) -> None:
        with pytest.raises(MessageInvalid, match=r"header Subject contains the control character U\+00"):
            fields(b"Subject: a" + octet + b"b\r\n\r\n")

    @given(st.binary())
    def test_any_octets_are_fields_or_refused(self, raw: bytes) -> None:
        try:
            found = fields(raw)
        except MessageInvalid:
            return
        assert all(name.isascii() and "\n" not in value for name, value in found)


class TestSaid:
    @pytest.mark.parametrize(
        ("name", "value", "field", "read"),
        [
            ("From", "Ann <a@b.c>", "from_", [Address("a@b.c", "Ann")]),
            ("TO", "a@b.c, d@e.f", "to", [Address("a@b.c"), Address("d@e.f")]),
            ("Bcc", "a@b.c", "bcc", [Address("a@b.c")]),
            ("Sender", "a@b.c", "sender", Address("a@b.c")),
            ("Subject", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "subject", "Grüße"),
            ("Subject", "", "subject", ""),
            ("Date", "Sat, 21 Nov 2026 09:30:00 +0200", "date", datetime(2026, 11, 21, 9, 30, tzinfo=CEST)),
            ("Date", "21 Nov 2026 09:30 -0000", "date", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
            ("Date", "Sat, 21 Nov 2026 09:30:00 GMT (UTC)", "date", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
            ("Message-ID", "<a@b>", "message_id", "<a@b>"),
            ("In-Reply-To", "<a@b>", "in_reply_to", "<a@b>"),
            ("References", "<a@b> <c@d><e@f>", "references", ["<a@b>", "<c@d>", "<e@f>"]),
            ("List-Unsubscribe", "<https://x/y>,<mailto:u@x>", "list_unsubscribe", ["https://x/y", "mailto:u@x"]),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click", "list_unsubscribe_post", True),
        ],
    )
    def test_a_header_becomes_its_field(self, name: str, value: str, field: str, read: object) -> None:
        assert said([Field(name, value)]) == {field: read}

    def test_other_headers_are_kept_in_order(self) -> None:
        header = [
            Field("X-B", "=?utf-8?q?=C3=BC?="),
            Field("X-A", "1"),
            Field("X-B", "2"),
            Field("MIME-Version", "1.0"),
        ]
        assert said(header) == {"headers": [("X-B", "ü"), ("X-A", "1"), ("X-B", "2")]}

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("To", "undisclosed-recipients:;"),
            ("To", ""),
            ("To", "a@b.c (Ann)"),
            ("Sender", "a@b.c, d@e.f"),
            ("Subject", "=?klingon?q?x?="),
            ("Subject", "\udcfc"),
            ("X-A", "\udcfc"),
            ("X-A", "=?utf-8?q?=FC?="),
            ("Date", "yesterday"),
            ("Date", "Sat, 21 Nov 2026 25:61:00 +0200"),
            ("Date", "Sat, 21 Nux 2026 09:30:00 +0200"),
            ("Date", "Sat, 21 Nov 2026 09:30:00 PST"),
            ("Message-ID", "a@b"),
            ("Message-ID", "<a@b> <c@d>"),
            ("In-Reply-To", "Your message of <a@b>"),
            ("References", "<a@b>, <c@d>"),
            ("List-Unsubscribe", "https://x/y"),
            ("List-Unsubscribe-Post", "Yes"),
            ("Return-Path", "<a@b.c>"),
        ],
    )
    def test_what_has_no_field_is_a_loss(self, name: str, value: str) -> None:
        with pytest.raises(Loss):
            said([Field(name, value)])

    @pytest.mark.parametrize("name", ["To", "Subject", "Date", "Message-ID"])
    def test_a_field_that_occurs_twice_is_a_loss(self, name: str) -> None:
        value = {"To": "a@b.c", "Date": "21 Nov 2026 09:30 +0000", "Message-ID": "<a@b>"}.get(name, "x")
        with pytest.raises(Loss, match="repeated"):
            said([Field(name, value), Field(name.lower(), value)])
