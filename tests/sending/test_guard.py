"""Guard: nobody gets what is not for him, and the receipt still speaks of the original recipients."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.members import (
    ACCEPTED,
    DEFERRED,
    REFUSED,
    FakeTransport,
    both_ways,
    deliveries,
    delivery,
    fates,
    send,
    send_many,
)

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import ConfigError, RecipientRefused
from mailbridge.message.address import Address
from mailbridge.message.envelope import Envelope
from mailbridge.message.message import Message
from mailbridge.message.mime import render
from mailbridge.receipt import Receipt
from mailbridge.sending.guard import Guard
from mailbridge.sending.redirection import ORIGINAL
from mailbridge.sending.retry import Retry

ANN, BOB, CYD = "Ann@Example.org", "bob@example.net", "cyd@example.org"
DEV, QA = "dev@example.com", "qa@example.com"

one_and_many = pytest.mark.parametrize("many", [False, True], ids=["send", "send_many"])


def transport(**options: Any) -> FakeTransport:
    return FakeTransport(features=["headers"], **options)


def specs(addresses: tuple[Address, ...]) -> list[str]:
    return [each.addr_spec for each in addresses]


def travelled(inner: FakeTransport) -> Message:
    (message,) = inner.messages
    return message


# --- redirect


@one_and_many
def test_a_redirected_message_names_its_recipients_nowhere_but_in_one_header(many: bool) -> None:
    inner = transport()
    one = delivery(to=[f"Ann <{ANN}>"], cc=[BOB], bcc=[CYD])
    both_ways(Guard(inner, redirect=f"Developer <{DEV}>"), one, ScriptedDriver(), many=many)
    message = travelled(inner)
    assert inner.submitted == [(DEV,)]
    assert (specs(message.to), message.cc, message.bcc) == ([DEV], (), ())
    assert message.to[0].name == "Developer"
    assert message.headers == ((ORIGINAL, f"{ANN}, {BOB}, {CYD}"),)


@one_and_many
def test_the_receipt_speaks_of_the_original_recipients_in_their_spelling(many: bool) -> None:
    receipt = both_ways(Guard(transport(), redirect=DEV), delivery(to=[ANN, BOB]), ScriptedDriver(), many=many)
    assert fates(receipt) == {ANN: "accepted", BOB: "accepted"}
    assert {row.text for row in receipt.recipients.values()} == {f"redirected to {DEV}: ok"}
    assert receipt.transport == "fake://a"


def test_on_the_wire_there_is_only_the_new_address() -> None:
    inner = transport()
    stamp = {"message_id": "<7@example.com>", "date": datetime(2026, 1, 2, tzinfo=UTC)}
    send(Guard(inner, redirect=DEV), delivery(to=[ANN], cc=[BOB], bcc=[CYD], **stamp))
    head = bytes(render(travelled(inner), eight_bit=True, utf8=True)).decode()
    assert f"To: {DEV}\r\n" in head
    assert "Cc:" not in head
    assert f"{ORIGINAL}: {ANN}, {BOB}, {CYD}\r\n" in head.replace("\r\n ", " ")


@one_and_many
def test_allowed_recipients_stay_and_the_others_are_redirected(many: bool) -> None:
    inner = transport()
    guard = Guard(inner, redirect=DEV, allow=["@example.org"])
    receipt = both_ways(guard, delivery(to=[ANN, BOB], cc=[CYD]), ScriptedDriver(), many=many)
    message = travelled(inner)
    assert (specs(message.to), specs(message.cc)) == ([ANN, DEV], [CYD])
    assert set(inner.submitted[0]) == {ANN, CYD, DEV}
    assert receipt.recipients[ANN].text == "ok"
    assert receipt.recipients[BOB].text == f"redirected to {DEV}: ok"


def test_a_message_to_allowed_recipients_only_is_passed_on_untouched() -> None:
    inner = transport()
    one = delivery(to=[ANN])
    receipt = send(Guard(inner, redirect=DEV, allow=[ANN.lower()]), one)
    assert travelled(inner) is one.message
    assert receipt.recipients[ANN].text == "ok"


def test_blind_recipients_are_not_told_to_those_who_stay() -> None:
    inner = transport()
    send(Guard(inner, redirect=DEV, allow=["@example.org"]), delivery(to=[ANN, "eve@example.net"], bcc=[BOB]))
    assert travelled(inner).headers == ((ORIGINAL, "eve@example.net"),)
    inner = transport()
    send(Guard(inner, redirect=DEV, allow=["@example.org"]), delivery(to=[ANN], bcc=[BOB]))
    assert travelled(inner).headers == ()


def test_several_redirect_addresses_each_get_it() -> None:
    inner = transport(answers=[{DEV: REFUSED, QA: ACCEPTED}])
    receipt = send(Guard(inner, redirect=[DEV, QA]), delivery(to=[ANN]))
    assert inner.submitted == [(DEV, QA)]
    assert fates(receipt) == {ANN: "accepted"}
    assert receipt.recipients[ANN].text == f"redirected to {DEV}, {QA}: ok"


def test_a_redirect_address_that_is_a_recipient_gets_one_copy() -> None:
    inner = transport()
    receipt = send(Guard(inner, redirect=DEV, allow=["@example.com"]), delivery(to=["DEV@example.com", BOB]))
    assert inner.submitted == [("DEV@example.com",)]
    assert fates(receipt) == {"DEV@example.com": "accepted", BOB: "accepted"}


def test_a_transport_without_headers_gets_none() -> None:
    inner = FakeTransport()
    send(Guard(inner, redirect=DEV), delivery(to=[ANN]))
    assert travelled(inner).headers == ()


def test_own_headers_are_kept_and_very_many_recipients_are_counted() -> None:
    inner = transport()
    many = [f"user{number}@example.org" for number in range(3000)]
    send(Guard(inner, redirect=DEV), delivery(to=many, headers={"X-Campaign": "7"}))
    (first, (name, value)) = travelled(inner).headers
    assert first == ("X-Campaign", "7")
    assert name == ORIGINAL
    named, _, more = value.rpartition(" and ")
    assert len(named.split(", ")) + int(more.removesuffix(" more")) == 3000
    assert len(value) < 10_000


def test_data_by_recipient_follows() -> None:
    inner = transport()
    one = delivery(
        to=[ANN, BOB],
        cc=[CYD],
        merge_data={ANN: {"n": 1}, BOB: {"n": 2}, CYD: {"n": 3}},
        merge_headers={CYD: {"X-Who": "cyd"}},
        merge_metadata={BOB: {"id": "b"}},
    )
    send(Guard(inner, redirect=DEV, allow=[ANN]), one)
    message = travelled(inner)
    assert message.merge_data == {ANN.lower(): {"n": 1}, DEV: {"n": 2}}
    assert message.merge_headers == {DEV: (("X-Who", "cyd"),)}
    assert message.merge_metadata == {DEV: {"id": "b"}}


def test_an_envelope_of_its_own_is_redirected_too() -> None:
    inner = transport()
    envelope = Envelope("bounces@example.com", [ANN, BOB], notify=["FAILURE"], envid="17")
    one = delivery(to=["list@example.net"], envelope=envelope)
    receipt = send(Guard(inner, redirect=DEV), one)
    message = travelled(inner)
    assert specs(message.to) == [DEV]
    assert message.envelope == Envelope("bounces@example.com", [DEV], notify=["FAILURE"], envid="17")
    assert inner.submitted == [(DEV,)]
    assert fates(receipt) == {ANN: "accepted", BOB: "accepted"}


@pytest.mark.parametrize("eol", [b"\r\n", b"\n", b"\r"])
def test_a_message_rendered_elsewhere_is_readdressed(eol: bytes) -> None:
    head = [
        b"TO: Ann <Ann@Example.org>,",
        b" bob@example.net",
        b"Subject: To: be or not",
        b"Cc: cyd@example.org",
        b"Resent-To: x@example.org",
        b"X-To: stays",
    ]
    body = b"To: somebody" + eol + eol + b"Cc: x" + eol
    inner = transport()
    one = delivery(to=[ANN, BOB], cc=[CYD])
    raw = Message(from_="app@example.com", to=[ANN, BOB], cc=[CYD], raw=eol.join(head) + eol + eol + body)
    send(Guard(inner, redirect=DEV, allow=[CYD]), one.changed(raw))
    sent = travelled(inner).raw
    assert sent is not None
    ours = b"To: dev@example.com\r\nCc: cyd@example.org\r\nX-Original-Recipients: Ann@Example.org, bob@example.net\r\n"
    assert sent == ours + head[2] + eol + head[5] + eol + eol + body


def test_a_rendered_message_without_a_body_is_readdressed() -> None:
    inner = transport()
    raw = Message(from_="app@example.com", to=[ANN], raw=b"Subject: x\r\nTo: ann@example.org")
    send(Guard(inner, redirect=DEV), delivery().changed(raw))
    assert travelled(inner).raw == b"To: dev@example.com\r\nX-Original-Recipients: Ann@Example.org\r\nSubject: x\r\n"


# --- block and allow


@one_and_many
def test_blocked_recipients_get_nothing_and_the_others_do(many: bool) -> None:
    inner = transport()
    receipt = both_ways(Guard(inner, block=["@example.net"]), delivery(to=[ANN, BOB]), ScriptedDriver(), many=many)
    assert inner.submitted == [(ANN,)]
    assert specs(travelled(inner).to) == [ANN]
    assert travelled(inner).headers == ()
    assert fates(receipt) == {ANN: "accepted", BOB: "suppressed"}
    assert receipt.recipients[BOB].text == "blocked by the guard"


@pytest.mark.parametrize(
    ("rules", "reached", "suppressed"),
    [
        pytest.param({"block": [BOB]}, {ANN, CYD}, {BOB}, id="block"),
        pytest.param({"allow": ["@EXAMPLE.ORG"]}, {ANN, CYD}, {BOB}, id="allow alone suppresses the others"),
        pytest.param({"allow": ["@example.org"], "block": [ANN]}, {CYD}, {ANN, BOB}, id="block goes before allow"),
        pytest.param({"redirect": DEV, "block": [ANN]}, {DEV}, {ANN}, id="block goes before redirect"),
        pytest.param({"redirect": DEV, "allow": [CYD]}, {DEV, CYD}, set(), id="allow goes before redirect"),
        pytest.param({"allow": "@bücher.example"}, set(), {ANN, BOB, CYD}, id="a domain in another script"),
    ],
)
def test_who_gets_a_message(rules: dict[str, Any], reached: set[str], suppressed: set[str]) -> None:
    inner = transport()
    receipt = send(Guard(inner, **rules), delivery(to=[ANN, BOB, CYD]))
    assert {to for submitted in inner.submitted for to in submitted} == reached
    assert {to for to, fate in fates(receipt).items() if fate == "suppressed"} == suppressed


def test_a_domain_is_recognised_in_both_spellings() -> None:
    inner = transport()
    send(Guard(inner, block="@bücher.example"), delivery(to=["a@xn--bcher-kva.example", "b@BÜCHER.example", ANN]))
    assert inner.submitted == [(ANN,)]


def test_a_domain_does_not_stand_for_its_subdomains() -> None:
    inner = transport()
    send(Guard(inner, allow="@example.org"), delivery(to=[ANN, "x@mail.example.org", "x@notexample.org"]))
    assert inner.submitted == [(ANN,)]


@one_and_many
def test_when_nobody_is_left_nothing_is_sent_and_the_receipt_says_so(many: bool) -> None:
    inner = transport()
    guard = Guard(inner, block=["@example.org"])
    receipt = both_ways(guard, delivery(to=[ANN, CYD], message_id="<7@example.com>"), ScriptedDriver(), many=many)
    assert isinstance(receipt, Receipt)
    assert inner.submitted == []
    assert fates(receipt) == {ANN: "suppressed", CYD: "suppressed"}
    assert (receipt.message_id, receipt.provider, receipt.transport) == ("<7@example.com>", "guard", "guard(fake://a)")
    assert not receipt.accepted


# --- errors


@one_and_many
def test_an_error_speaks_of_the_original_recipients(many: bool) -> None:
    inner = transport(answers=[RecipientRefused("x", recipients={DEV: REFUSED})])
    guard = Guard(inner, redirect=DEV, block=[BOB])
    error = both_ways(guard, delivery(to=[ANN, BOB]), ScriptedDriver(), many=many)
    assert isinstance(error, RecipientRefused)
    assert {to: row.status.value for to, row in error.recipients.items()} == {ANN: "refused", BOB: "suppressed"}


def test_a_retry_around_a_guard_tries_again_those_put_off() -> None:
    inner = transport(answers=[{ANN: ACCEPTED, DEV: DEFERRED}])
    receipt = send(Retry(Guard(inner, redirect=DEV, allow=[ANN])), delivery(to=[ANN, BOB]))
    assert inner.submitted == [(ANN, DEV), (DEV,)]
    assert fates(receipt) == {ANN: "accepted", BOB: "accepted"}


def test_a_retry_for_somebody_who_stays_names_nobody_who_was_redirected() -> None:
    """Else an API, which is told of recipients by the headers, would send to them."""
    inner = transport(answers=[{ANN: DEFERRED, DEV: ACCEPTED}])
    send(Retry(Guard(inner, redirect=DEV, allow=[ANN])), delivery(to=[ANN, BOB]))
    assert inner.submitted == [(ANN, DEV), (ANN,)]
    assert [specs(message.to) for message in inner.messages] == [[ANN, DEV], [ANN]]


# --- send_many


def test_redirected_messages_stay_in_one_pipeline() -> None:
    inner = transport(ahead=2)
    outcomes = send_many(Guard(inner, redirect=DEV), deliveries(10))
    assert all(fates(outcome) == {"ann@example.org": "accepted"} for outcome in outcomes)
    assert inner.log.count("open") == 1
    assert inner.log[:5] == ["open", "pull 0", "pull 1", "pull 2", "emit 0"]


def test_messages_for_nobody_keep_their_place() -> None:
    inner = transport(ahead=2)
    many = [delivery(str(n), to=[BOB if n in (0, 3, 4, 7) else ANN]) for n in range(8)]
    outcomes = send_many(Guard(inner, block=[BOB]), many)
    assert [next(iter(fates(outcome).values())) == "suppressed" for outcome in outcomes] == [
        n in (0, 3, 4, 7) for n in range(8)
    ]
    assert [message.subject for message in inner.messages] == ["1", "2", "5", "6"]


@given(
    to=st.sets(st.sampled_from("abcdefgh"), min_size=1),
    cc=st.sets(st.sampled_from("abcdefgh")),
    bcc=st.sets(st.sampled_from("abcdefgh")),
    allow=st.sets(st.sampled_from("abcdefgh"), min_size=1) | st.none(),
    block=st.sets(st.sampled_from("abcdefgh"), min_size=1) | st.none(),
)
def test_nobody_outside_the_rules_is_addressed_and_everybody_has_a_row(
    to: set[str], cc: set[str], bcc: set[str], allow: set[str] | None, block: set[str] | None
) -> None:
    def named(letters: set[str] | None) -> list[str] | None:
        return None if letters is None else [f"{letter}@example.org" for letter in sorted(letters)]

    inner = transport()
    one = delivery(to=named(to) or (), cc=named(cc), bcc=named(bcc))
    outcome = send(Guard(inner, redirect=DEV, allow=named(allow), block=named(block)), one)
    may = {DEV, *(named((allow or set()) - (block or set())) or ())}
    for message in inner.messages:
        assert {each.addr_spec for each in (*message.to, *message.cc, *message.bcc)} <= may
        assert {each.addr_spec for each in message.envelope.recipients} <= may
    assert {to for submitted in inner.submitted for to in submitted} <= may
    assert set(outcome.recipients) == set(named(to | cc | bcc) or ())
    suppressed = {address for address, fate in fates(outcome).items() if fate == "suppressed"}
    assert suppressed == set(named((to | cc | bcc) & (block or set())) or ())


# --- settings


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({}, "nothing is guarded. Set redirect, allow or block"),
        ({"redirect": []}, "redirect is empty"),
        ({"allow": []}, "allow is empty"),
        ({"block": ()}, "block is empty"),
        ({"redirect": "nobody"}, "redirect: 'nobody' is not an address"),
        ({"allow": "example.org"}, "allow: 'example.org' is not an address.*or @example.org for a domain"),
        ({"block": ["@"]}, "block: .* is not an address"),
        ({"redirect": DEV, "block": "@example.com"}, "dev@example.com is in redirect and in block"),
    ],
)
def test_a_guard_that_would_not_guard_is_refused(rules: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=f"guard: {words}"):
        Guard(FakeTransport(), **rules)
