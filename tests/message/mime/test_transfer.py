"""Transfer encodings: the right one is chosen, and it says the same octets."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.message.mime import transfer

PIECES = [
    "a",
    "word ",
    "é",
    "日本",
    "=",
    ".",
    "\r\n",
    " \r\n",
    "\t\r\n",
    "\r\n.\r\n",
    "x" * 80,
    "é" * 30,
    "\0",
    "\x0c",
    "From ",
]
TEXTS = st.lists(
    st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"))
).map(lambda parts: "".join(parts).encode())


class TestCanonical:
    @pytest.mark.catalogue("A12")
    @pytest.mark.parametrize(
        ("text", "octets"),
        [
            ("a\nb\n", b"a\r\nb\r\n"),
            ("a\r\nb", b"a\r\nb"),
            ("a\rb\r", b"a\r\nb\r\n"),
            ("\n\r\r\n\n", b"\r\n\r\n\r\n\r\n"),
            pytest.param("\n.\n", b"\r\n.\r\n", id="A12-lf-dot-lf"),
            pytest.param("\r.\r", b"\r\n.\r\n", id="A12-cr-dot-cr"),
            pytest.param("\n.\r\n", b"\r\n.\r\n", id="A12-lf-dot-crlf"),
            pytest.param("\r\n.\r", b"\r\n.\r\n", id="A12-crlf-dot-cr"),
            ("a\x0b\x0c\x1c\x85\u2028b", "a\x0b\x0c\x1c\x85\u2028b".encode()),
        ],
    )
    def test_every_line_end_becomes_crlf(self, text: str, octets: bytes) -> None:
        assert transfer.canonical(text) == octets


class TestFits:
    @pytest.mark.parametrize("size", [997, 998, 999, 1000, 1996, 1998])
    @pytest.mark.parametrize("before", [b"", b"x" * 998 + b"\r\n", b"a\r\n" * 500])
    @pytest.mark.parametrize("after", [b"", b"\r\n", b"\r\nb", b"\r\n" + b"y" * 998, b"\r\n" + b"y" * 999])
    def test_a_line_may_have_998_octets(self, size: int, before: bytes, after: bytes) -> None:
        data = before + b"x" * size + after
        assert transfer.fits(data) is (max(map(len, data.split(b"\r\n"))) <= 998)

    @given(st.lists(st.integers(0, 1500), max_size=30), st.booleans())
    def test_any_lines_are_judged_right(self, sizes: list[int], ended: bool) -> None:
        data = b"\r\n".join(b"x" * size for size in sizes) + (b"\r\n" if ended else b"")
        assert transfer.fits(data) is (max(sizes, default=0) <= 998)

    def test_a_nul_does_not(self) -> None:
        assert not transfer.fits(b"a\0b\r\n")


class TestEncode:
    @pytest.mark.parametrize(
        ("text", "eight_bit", "encoding"),
        [
            ("plain\r\n", True, "7bit"),
            ("plain\r\n", False, "7bit"),
            ("", True, "7bit"),
            ("Grüße\r\n", True, "8bit"),
            ("Viele Grüße aus Köln am Rhein\r\n", False, "quoted-printable"),
            ("日本語\r\n" * 9, False, "base64"),
            ("x" * 999, True, "quoted-printable"),
            ("日" * 999, True, "base64"),
            ("x" * 998, True, "7bit"),
            ("a\0b", True, "quoted-printable"),
            ("\0" * 50, True, "base64"),
        ],
    )
    def test_the_choice(self, text: str, eight_bit: bool, encoding: str) -> None:
        assert transfer.encode(text.encode(), eight_bit=eight_bit)[0] == encoding

    @given(TEXTS, st.booleans())
    def test_what_is_encoded_decodes_to_the_same(self, data: bytes, eight_bit: bool) -> None:
        encoding, body = transfer.encode(data, eight_bit=eight_bit)
        octets = b"".join(body)
        read = {"quoted-printable": quopri.decodestring, "base64": base64.b64decode}.get(encoding, bytes)
        assert read(octets) == data
        assert eight_bit or octets.isascii()

    @given(TEXTS)
    def test_the_smaller_of_the_two_is_taken(self, data: bytes) -> None:
        encoding, body = transfer.encode(data, eight_bit=False)
        if encoding in ("quoted-printable", "base64"):
            both = [transfer.quoted_printable(data), b"".join(transfer.base64(data))]
            assert len(b"".join(body)) == min(map(len, both))


class TestQuotedPrintable:
    @given(TEXTS)
    def test_lines_are_ascii_of_at_most_76_and_end_in_no_white_space(self, data: bytes) -> None:
        encoded = transfer.quoted_printable(data)
        assert encoded.isascii()
        assert b"\n" not in encoded.replace(b"\r\n", b"")
        for line in encoded.split(b"\r\n"):
            assert len(line) <= 76
            assert not line.endswith((b" ", b"\t"))

    @pytest.mark.parametrize("size", range(70, 80))
    @pytest.mark.parametrize("space", [b" ", b"\t", b"  "])
    def test_white_space_at_the_edge_of_a_line_keeps_it_short(self, size: int, space: bytes) -> None:
        data = b"\xc3\xa9" + b"x" * size + space + b"\r\nend" + space
        encoded = transfer.quoted_printable(data)
        assert max(map(len, encoded.split(b"\r\n"))) <= 76
        assert quopri.decodestring(encoded) == data

    def test_a_lone_dot_is_escaped(self) -> None:
        assert transfer.quoted_printable(b"\xc3\xa9\r\n.\r\n") == b"=C3=A9\r\n=2E\r\n"


class TestBase64:
    @pytest.mark.parametrize("size", [0, 1, 2, 3, 56, 57, 58, 114, 57 * 1024 - 1, 57 * 1024, 57 * 1024 + 1, 200_000])
    def test_is_that_of_the_standard_library(self, size: int) -> None:
        data = bytes(range(256)) * (size // 256 + 1)
        assert b"".join(transfer.base64(data[:size])) == base64.encodebytes(data[:size]).replace(b"\n", b"\r\n")

    def test_every_block_is_whole_lines(self) -> None:
        for block in transfer.base64(b"x" * 300_000):
            assert block.endswith(b"\r\n")
            assert max(map(len, block.split(b"\r\n"))) <= 76
