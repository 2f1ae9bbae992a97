"""Lists of mailboxes in headers."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address
from mailbridge.message.parse.mailboxes import mailboxes

ANN, BOB = Address("ann@example.org"), Address("bob@example.org")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("ann@example.org", [ANN]),
        ("<ann@example.org>", [ANN]),
        ("ann@example.org, bob@example.org", [ANN, BOB]),
        ("ann@example.org,,\tbob@example.org,", [ANN, BOB]),
        ("Ann <ann@example.org>", [Address("ann@example.org", "Ann")]),
        ('"Smith, Ann" <ann@example.org>', [Address("ann@example.org", "Smith, Ann")]),
        ('"Ann" "B." Smith <ann@example.org>', [Address("ann@example.org", "Ann B. Smith")]),
        (r'"a \"b\" \\" <ann@example.org>', [Address("ann@example.org", r'a "b" \\'.replace("\\\\", "\\"))]),
        ("Ann  B.\tSmith<ann@example.org>", [Address("ann@example.org", "Ann B. Smith")]),
        ("Zoë <ann@example.org>", [Address("ann@example.org", "Zoë")]),
        ("=?utf-8?q?Zo=C3=AB?= Smith <ann@example.org>", [Address("ann@example.org", "Zoë Smith")]),
        ("=?utf-8?q?a=2C?= =?utf-8?q?_b?= <ann@example.org>", [Address("ann@example.org", "a, b")]),
        ('"=?utf-8?q?a?=" <ann@example.org>', [Address("ann@example.org", "=?utf-8?q?a?=")]),
        ("ann @ example.org", [ANN]),
        ("< ann@example.org >", [ANN]),
        ('"john..doe"@example.org', [Address('"john..doe"@example.org')]),
        ("", []),
        (" , ", []),
    ],
)
def test_a_list_is_read(header: str, found: list[Address]) -> None:
    assert mailboxes(header, "to") == (found, False)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("ann@example.org (Ann (the first))", [ANN]),
        ("(hi) Ann <ann@example.org>", [Address("ann@example.org", "Ann")]),
        ("friends: ann@example.org, bob@example.org;", [ANN, BOB]),
        ("a: ann@example.org; b: bob@example.org;", [ANN, BOB]),
        ("undisclosed-recipients:;", []),
        ("ann@example.org; bob@example.org", [ANN, BOB]),
        ("=?klingon?q?a?= <ann@example.org>", [Address("ann@example.org", "=?klingon?q?a?=")]),
    ],
)
def test_what_else_is_said_is_reported(header: str, found: list[Address]) -> None:
    assert mailboxes(header, "to") == (found, True)


@pytest.mark.catalogue("A15")
@pytest.mark.parametrize(
    "header",
    [
        "alice@example.org)bob@evil.com",
        '"a@evil x"@int.dom',
        "a@b@c",
        "<a@b",
        "a@b>",
        "Ann <a@b> c",
        "Ann <a@b> <c@d>",
        "u@[127.0.0.1]",
        "<@a,@b:u@x>",
        "u@x\0.com",
        '"a',
        "(a",
        "\\",
        "nobody",
        "Ann <>",
        '"x> NOTIFY=NEVER"@e.f',
        "a@b c@d",
        "[x]",
    ],
    ids=lambda header: f"A15-{header[:20]!a}",
)
def test_what_is_no_list_of_addresses_is_refused(header: str) -> None:
    with pytest.raises(MessageInvalid, match=r"^cc: ") as refusal:
        mailboxes(header, "cc")
    assert refusal.value.field == "cc"


@pytest.mark.catalogue("A1")
def test_a_name_that_decodes_to_a_header_is_refused() -> None:
    with pytest.raises(MessageInvalid, match="control character"):
        mailboxes("=?utf-8?b?eA0KQmNjOiBlQHg=?= <a@b.c>", "to")


@given(st.text(st.sampled_from('ab@.,;:<>()[]"\\ \t=?ü')))
def test_any_text_is_a_list_or_refused(header: str) -> None:
    try:
        found, _ = mailboxes(header, "to")
    except MessageInvalid:
        return
    assert all(each == Address(each.addr_spec, each.name) for each in found)


@pytest.mark.catalogue("A17")
@pytest.mark.parametrize("unit", ["a:b:", '"', "(", "()", "<", "a,", "a@b.c,", "\\", "[", " ", "((", ";", "a ", '"" '])
def test_reading_takes_linear_time(unit: str) -> None:
    begin = time.thread_time()
    try:
        mailboxes(unit * (100_000 // len(unit)), "to")
    except MessageInvalid:
        pass
    assert time.thread_time() - begin < 1.0
