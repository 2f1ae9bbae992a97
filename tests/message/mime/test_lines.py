"""Octets that arrive as they are get CRLF line ends, block by block."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.message.mime.lines import canonical, canonical_blocks

BLOCK = 1 << 18


def reference(data: bytes) -> bytes:
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    return lines if not lines or lines.endswith(b"\r\n") else lines + b"\r\n"


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b".", b"\0", b"\xff"])).map(b"".join), st.integers(0, 5))
def test_every_line_end_becomes_crlf(data: bytes, start: int) -> None:
    assert b"".join(canonical_blocks(data, start)) == reference(data[start:])
    assert not data or canonical(data) == reference(data)


@pytest.mark.parametrize("at", [b"\r\n", b"\n", b"\r", b"\n\n", b"\r\r\n", b"\n\r\n"])
@pytest.mark.parametrize("shift", range(-3, 3))
def test_a_line_end_at_the_edge_of_a_block_stays_one(at: bytes, shift: int) -> None:
    for start in (0, 1):
        data = b"x" * (BLOCK + shift + start) + at + b"y" * 5 + b"\n" + b"z" * BLOCK + at + b"end"
        assert b"".join(canonical_blocks(data, start)) == reference(data[start:])


def test_blocks_begin_at_line_starts() -> None:
    blocks = canonical_blocks(b"line\nanother\r\n" * 100_000)
    assert len(blocks) > 3
    assert all(block.endswith(b"\r\n") for block in blocks)


def test_what_is_right_already_is_not_copied() -> None:
    data = b"line\r\n" * 100_000
    assert canonical_blocks(data)[0] is data


def test_one_line_without_end_is_one_block() -> None:
    assert canonical_blocks(b"x" * (3 * BLOCK)) == [b"x" * (3 * BLOCK) + b"\r\n"]
