"""Addresses as Django's messages have them."""

from __future__ import annotations

from email.headerregistry import Address as PythonAddress
from typing import Any

import pytest
from django.utils.functional import lazystr
from hypothesis import example, given
from hypothesis import strategies as st

from mailbridge import Address, MessageInvalid
from mailbridge_django import addresses


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ann@example.org", Address("ann@example.org")),
        ("Ann <ann@example.org>", Address("ann@example.org", "Ann")),
        ("=?utf-8?q?J=C3=B6rg?= <j@example.org>", Address("j@example.org", "Jörg")),
        ('"Smith, Ann" <ann@example.org>', Address("ann@example.org", "Smith, Ann")),
        (lazystr("ann@example.org"), Address("ann@example.org")),
        (PythonAddress("Ann", "ann", "example.org"), Address("ann@example.org", "Ann")),
    ],
)
def test_every_spelling_that_django_takes_is_read(value: Any, expected: Address) -> None:
    assert addresses.one(value, "to") == expected


@pytest.mark.parametrize(
    "value", ["", "ann", "ann@", "a@b.example, c@d.example", "group: a@b.example;", "<>", "a@b\n.example"]
)
def test_what_is_no_single_mailbox_is_refused(value: str) -> None:
    with pytest.raises(MessageInvalid, match="Invalid address") as caught:
        addresses.one(value, "to")
    assert caught.value.field == "to"


def test_a_header_may_have_several() -> None:
    found = addresses.several("Ann <ann@example.org>, =?utf-8?q?B=C3=B6?= <bo@example.org>", "To")
    assert found == (Address("ann@example.org", "Ann"), Address("bo@example.org", "Bö"))


_PIECES = st.sampled_from(
    [
        "ann",
        "@",
        "example.org",
        "<",
        ">",
        '"',
        "\\",
        "(",
        ")",
        ",",
        ";",
        ":",
        " ",
        "=?utf-8?q?",
        "?=",
        ".",
        "ü",
        "\r\n",
        "[",
        "]",
        "\0",
    ]
)


@example("example.org @[ ")
@example("\t.]]")
@example("\t\\@ \r\n[")
@given(st.one_of(st.text(max_size=40), st.lists(_PIECES, max_size=12).map("".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = addresses.several(text, "to")
    except MessageInvalid as error:
        refused, found = error.text, ()
    else:
        refused = ""
    assert all(isinstance(each, Address) for each in found)
    assert bool(found) is ("Invalid address" not in refused)
