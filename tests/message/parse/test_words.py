"""Encoded words, the way back."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.message.parse.loss import Loss
from mailbridge.message.parse.words import text


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8?b?R3LDvMOfZQ?=", "Grüße"),
        ("=?iso-8859-1?Q?Gr=FC=DFe_aus?= Bonn", "Grüße aus Bonn"),
        ("=?utf-8*de?q?a?=", "a"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?=  =?iso-8859-1?q?=FC?=", "aü"),
        ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("=?utf-8?q?a_?= b", "a  b"),
        ("=?utf-8?b?w7w=?= =?utf-8?b?w58=?=", "üß"),
        ("=?utf-8?b?ww==?= =?utf-8?b?vA==?=", "ü"),
        ("=?utf-8?q??=", ""),
        ("=?utf-8?b??=", ""),
        ("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("1 =? 2", "1 =? 2"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?a b?=", "=?utf-8?q?a b?="),
        ("=?", "=?"),
    ],
)
def test_words_are_decoded_and_what_only_resembles_them_is_left(header: str, said: str) -> None:
    assert text(header) == said


@pytest.mark.parametrize(
    "header",
    [
        "=?utf-8?q?=FC?=",
        "=?klingon?q?a?=",
        "=?punycode?q?a?=",
        "=?unicode_escape?q?=5Cn?=",
        "=?utf-8?b?a?=",
        "=?utf-8?b?a=b=?=",
        "x=?utf-8?q?a?=",
        "=?utf-8?q?a?=x",
        "=?utf-8?q?a?==?utf-8?q?b?=",
        "=?utf-8?q?ü?=",
        "=?us-ascii?q?=C3?=",
    ],
)
def test_what_cannot_be_decoded_for_sure_is_a_loss(header: str) -> None:
    with pytest.raises(Loss):
        text(header)


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: "=?" not in text))
def test_text_without_words_is_itself(said: str) -> None:
    assert text(said) == said


@given(
    st.lists(
        st.sampled_from(["=?", "?=", "utf-8", "?", "q", "b", "=C3", "*", " ", "a", "=?utf-8?q?a?=", "\u00fc"])
    ).map("".join)
)
def test_any_text_is_decoded_or_a_loss(header: str) -> None:
    try:
        text(header)
    except Loss:
        return


@pytest.mark.parametrize("unit", ["=?", "=?a?b?", "=?utf-8?q?", "=?utf-8?q?a?= ", "?=", "=?*", "= ? "])
def test_decoding_takes_linear_time(unit: str) -> None:
    begin = time.thread_time()
    try:
        text(unit * (200_000 // len(unit)))
    except Loss:
        pass
    assert time.thread_time() - begin < 0.5
