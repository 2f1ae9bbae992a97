"""The tally: what is left of a delivery after some recipients have their fate."""

from __future__ import annotations

from support.members import ACCEPTED, DEFERRED, delivery

from mailbridge.message.envelope import Envelope
from mailbridge.receipt import Receipt
from mailbridge.sending.tally import Tally, put_off

TWO = ("ann@example.org", "bob@example.org")
A, B = TWO
PARTIAL = Receipt(message_id="<1@example.com>", recipients={A: ACCEPTED, B: DEFERRED})


def test_the_rest_keeps_the_envelope_and_shares_the_attempts() -> None:
    envelope = Envelope("bounces@example.com", TWO, notify=["FAILURE"], ret="HDRS", envid="17")
    whole = delivery(to=TWO, envelope=envelope)
    tally = Tally(whole)
    tally.add(PARTIAL)
    rest = tally.rest()
    assert rest.envelope == Envelope("bounces@example.com", [B], notify=["FAILURE"], ret="HDRS", envid="17")
    assert rest.message is whole.message
    assert rest.attempts is whole.attempts


def test_while_everybody_is_left_the_delivery_is_the_same() -> None:
    whole = delivery(to=TWO)
    assert Tally(whole).rest() is whole


def test_the_reason_for_a_partial_receipt_speaks_of_those_put_off() -> None:
    reason = put_off(PARTIAL)
    assert reason is not None
    assert reason.recipients == {B: DEFERRED}
    assert (reason.code, reason.enhanced_code) == (450, "4.2.1")
    assert "bob@example.org" in reason.text
