"""Charsets of mail, and no other codecs."""

from __future__ import annotations

import pytest

from mailbridge.message.parse.charsets import decoded
from mailbridge.message.parse.loss import Loss


@pytest.mark.parametrize(
    "charset",
    [
        "utf-8",
        "UTF8",
        "utf-16",
        "utf-16le",
        "iso-8859-15",
        "ISO_8859-1",
        "latin1",
        "windows-1252",
        "cp1251",
        "koi8-r",
        "gb2312",
        "gbk",
        "gb18030",
        "big5",
        "euc-jp",
        "euc-kr",
        "shift_jis",
        "iso-2022-jp",
        "us-ascii",
    ],
)
def test_a_charset_of_mail_is_known(charset: str) -> None:
    assert decoded("abc".encode(charset), charset) == "abc"


@pytest.mark.parametrize(
    "codec",
    [
        "punycode",
        "idna",
        "unicode_escape",
        "raw_unicode_escape",
        "rot13",
        "base64",
        "zlib",
        "utf-7",
        "undefined",
        "hex",
        "x" * 1000,
        "",
        "utf-8\0",
        "iso-8859-99",
        "../utf-8",
        "mbcs",
    ],
)
def test_any_other_codec_is_a_loss(codec: str) -> None:
    with pytest.raises(Loss):
        decoded(b"abc", codec)


@pytest.mark.parametrize(
    ("octets", "charset"), [(b"\xff", "utf-8"), (b"\xe4", "us-ascii"), (b"\xed\xa0\x80", "utf-8"), (b"\x81", "cp1252")]
)
def test_octets_of_another_charset_are_a_loss(octets: bytes, charset: str) -> None:
    with pytest.raises(Loss, match="octets that are not"):
        decoded(octets, charset)
