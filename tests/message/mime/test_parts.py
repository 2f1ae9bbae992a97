"""Boundaries cannot occur in what they divide; pieces become few segments."""

from __future__ import annotations

from binascii import crc32

import pytest

from mailbridge.message.mime.parts import Multipart, Part, joined

SEED = "<17.a@example.com>"
STEM = f"=_{crc32(SEED.encode()):08x}."


def part(body: bytes, encoding: str = "7bit") -> Part:
    return Part(("Content-Type: text/plain\r\n",), encoding, [body] if body else [])  # type: ignore[arg-type]


class TestStem:
    def test_is_the_same_for_the_same_message(self) -> None:
        assert Multipart("mixed", [part(b"a\r\n")]).stem(SEED) == f"{STEM}0"

    @pytest.mark.parametrize(
        ("body", "number"),
        [
            (f"--{STEM}0m\r\n", 1),
            (f"{STEM}0 {STEM}1 {STEM}3", 2),
            (f"{STEM}00", 0),
            (f"{STEM}1", 0),
            (f"{STEM}x", 0),
            (f"{STEM}{'9' * 5000}", 0),
        ],
    )
    def test_avoids_what_stands_in_a_text(self, body: str, number: int) -> None:
        tree = Multipart("mixed", [Multipart("alternative", [part(b""), part(body.encode())]), part(b"x")])
        stem = tree.stem(SEED)
        assert stem == f"{STEM}{number}"
        assert all(f"--{stem}{kind}\r\n" not in body for kind in "mar")

    def test_takes_linear_time_however_many_are_taken(self) -> None:
        body = "".join(f"--{STEM}{number}m\r\n" for number in range(50_000)).encode()
        assert Multipart("mixed", [part(body)]).stem(SEED) == f"{STEM}50000"

    def test_need_not_look_into_base64(self) -> None:
        assert Multipart("mixed", [part(f"{STEM}0".encode(), "base64")]).stem(SEED) == f"{STEM}0"


class TestMultipart:
    def test_says_8bit_when_a_part_deep_inside_is(self) -> None:
        tree = Multipart("mixed", [Multipart("alternative", [part(b"x", "8bit")])])
        assert tree.eight_bit
        assert "Content-Transfer-Encoding: 8bit\r\n" in tree.fields("=_1")

    def test_a_part_keeps_its_end_as_it_is(self) -> None:
        tree = Multipart("mixed", [part(b"with\r\n"), part(b"without"), part(b""), part(b"YQ==\r\n", "base64")])
        head = b"--=_1m\r\nContent-Type: text/plain\r\n\r\n"
        assert tree.segments("=_1") == [
            head + b"with\r\n\r\n" + head + b"without\r\n" + head + b"\r\n" + head + b"YQ==\r\n" + b"--=_1m--\r\n"
        ]

    def test_no_boundary_begins_another(self) -> None:
        names = [Multipart(subtype, []).fields("=_1")[0] for subtype in ("mixed", "alternative", "related")]
        boundaries = [name.partition('boundary="')[2].partition('"')[0] for name in names]
        assert len(set(boundaries)) == 3
        assert not any(a != b and a.startswith(b) for a in boundaries for b in boundaries)


class TestJoined:
    def test_small_pieces_become_one_segment(self) -> None:
        assert joined([b"a\r\n"] * 3) == [b"a\r\n" * 3]

    def test_large_pieces_are_not_copied(self) -> None:
        large = b"x" * 100_000
        first, second, third = joined([b"a", b"b", large, b"c"])
        assert (first, third) == (b"ab", b"c")
        assert second is large
