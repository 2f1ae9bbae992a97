"""Policies around real connections, in both colours: what each server was told, and how often."""

from __future__ import annotations

from typing import Any

import pytest
from support.colour import Colour
from support.members import fates, message
from support.peer import Peer, drop, read, reply, reset

from mailbridge import Mailer
from mailbridge.errors import AuthFailed, OutcomeUnknown
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt

THREE = ("ann@example.org", "bob@example.org", "cyd@example.org")
LATER = reply("450 4.2.1 greylisted")


def smtp(peer: Peer, options: str = "tls=off", user: str = "") -> str:
    return f"smtp://{user}{peer.address}?{options}"


def batch(count: int) -> list[Message]:
    return [message(str(number)) for number in range(count)]


@pytest.mark.catalogue("F1")
def test_a_refused_connection_is_failed_over_at_once(colour: Colour, closed_port: Any) -> None:
    host, port = closed_port
    with Peer() as second:
        mailer = Mailer(f"failover(smtp://{host}:{port}?tls=off, {smtp(second)})")
        with colour.using(mailer):
            receipt = colour.send(mailer, message())
    assert [each.error for each in receipt.attempts] == ["ConnectFailed", ""]
    assert second.submissions == 1


@pytest.mark.catalogue("F12", "F30")
@pytest.mark.parametrize(
    "on", [{"CONNECT": reply("421 4.3.2 busy") + drop()}, {"DATA": drop()}], ids=["greeting", "data"]
)
def test_what_was_certainly_not_accepted_goes_to_the_second_server(colour: Colour, on: dict[str, Any]) -> None:
    with Peer(on, without="CHUNKING") as first, Peer() as second:
        mailer = Mailer(f"failover({smtp(first)}, {smtp(second)})")
        with colour.using(mailer):
            receipt = colour.send(mailer, message())
            outcomes = colour.send_many(mailer, batch(4))
    assert receipt.accepted
    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert (first.submissions, second.submissions) == (0, 5)


@pytest.mark.catalogue("F31")
def test_a_connection_lost_in_the_body_is_failed_over(colour: Colour) -> None:
    """Eight megabytes are more than the system takes off our hands before the peer has read them."""
    long = message().replace(text=f"{'long ' * 190}\n" * 8_000)
    with Peer({"BODY": read(1000) + reset()}, without="CHUNKING") as first, Peer() as second:
        mailer = Mailer(f"failover({smtp(first)}, {smtp(second)})")
        with colour.using(mailer):
            receipt = colour.send(mailer, long)
    assert receipt.accepted
    assert (first.submissions, second.submissions) == (0, 1)


@pytest.mark.catalogue("F15")
def test_a_refused_password_is_tried_once_and_the_other_server_goes_on(colour: Colour) -> None:
    with Peer({"AUTH": reply("535 5.7.8 no")}, auth=("ann", "s3cret"), strict=False) as first, Peer() as second:
        options = "tls=off&allow_insecure_auth=true"
        mailer = Mailer(f"failover({smtp(first, options, 'ann:wrong@')}, {smtp(second)})")
        with colour.using(mailer):
            receipts = [colour.send(mailer, message()) for _ in range(3)] + colour.send_many(mailer, batch(3))
    assert all(receipt.accepted for receipt in receipts)
    assert [session.verbs.count("AUTH") for session in first.sessions] == [1]
    assert second.submissions == 6


@pytest.mark.catalogue("F15")
def test_a_refused_password_is_not_tried_again(colour: Colour) -> None:
    with Peer({"AUTH": reply("535 5.7.8 no")}, auth=("ann", "s3cret"), strict=False) as peer:
        options = "tls=off&allow_insecure_auth=true"
        mailer = Mailer(f"retry({smtp(peer, options, 'ann:wrong@')}, wait=0)")
        with colour.using(mailer), pytest.raises(AuthFailed):
            colour.send(mailer, message())
    assert peer.connections == 1


@pytest.mark.catalogue("F20")
@pytest.mark.parametrize("refusal", [reply("451 4.3.0 later"), reply("421 4.3.2 bye") + drop()], ids=["451", "421"])
def test_a_temporary_refusal_is_tried_again(colour: Colour, refusal: Any) -> None:
    with Peer({"MAIL": [refusal]}, without="CHUNKING") as peer:
        mailer = Mailer(f"retry({smtp(peer)}, wait=0)")
        with colour.using(mailer):
            receipt = colour.send(mailer, message())
    assert [bool(each.error) for each in receipt.attempts] == [True, False]
    assert peer.submissions == 1


@pytest.mark.catalogue("F25")
def test_only_the_recipient_put_off_is_tried_again(colour: Colour) -> None:
    with Peer({"RCPT": {"bob@": [LATER]}}) as peer:
        mailer = Mailer(f"retry({smtp(peer)}, wait=0)")
        with colour.using(mailer):
            receipt = colour.send(mailer, message(to=THREE))
    assert fates(receipt) == dict.fromkeys(THREE, "accepted")
    assert [submitted.recipients for submitted in peer.messages] == [(THREE[0], THREE[2]), (THREE[1],)]


@pytest.mark.catalogue("F32")
@pytest.mark.parametrize(
    "policy", ["failover({0}, {1})", "retry(failover({0}, {1}), wait=0)", "failover(retry({0}, wait=0), {1})"]
)
def test_what_may_have_been_accepted_is_sent_nowhere_else(colour: Colour, policy: str) -> None:
    with Peer({".": [drop()]}) as first, Peer() as second:
        mailer = Mailer(policy.format(smtp(first), smtp(second)))
        with colour.using(mailer), pytest.raises(OutcomeUnknown):
            colour.send(mailer, message())
    assert (first.submissions, second.submissions) == (1, 0)


def test_a_batch_is_retried_in_order_and_nothing_is_sent_twice(colour: Colour) -> None:
    with Peer({".": {"subject: 3": [reply("451 4.3.0 later")]}}) as peer:
        mailer = Mailer(f"retry({smtp(peer, 'tls=off&connections=1')}, wait=0)")
        with colour.using(mailer):
            outcomes = colour.send_many(mailer, batch(10))
    assert [len(outcome.attempts) for outcome in outcomes] == [1, 1, 1, 2, 1, 1, 1, 1, 1, 1]
    assert peer.submissions == 11


def test_redirected_messages_show_the_server_nothing_of_their_recipients(colour: Colour) -> None:
    with Peer() as peer:
        mailer = Mailer(f"guard({smtp(peer)}, redirect=dev@example.com, block=@example.net)")
        with colour.using(mailer):
            receipt = colour.send(mailer, message(to=[THREE[0], "eve@example.net"], bcc=[THREE[1]]))
    (seen,) = peer.messages
    assert seen.recipients == ("dev@example.com",)
    assert fates(receipt) == {THREE[0]: "accepted", "eve@example.net": "suppressed", THREE[1]: "accepted"}


def test_every_member_is_verified(colour: Colour) -> None:
    with Peer() as first, Peer() as second:
        found = colour.verify(Mailer(f"failover({smtp(first)}, retry({smtp(second)}))"))
    assert list(found.details) == [f"smtp://{first.address}", f"retry(smtp://{second.address})"]
    assert (first.connections, second.connections) == (1, 1)


def test_octets_that_the_first_server_does_not_take_go_to_one_that_does(colour: Colour) -> None:
    eml = "From: a@example.com\r\nTo: ann@example.org\r\n\r\nGrüße\r\n".encode()
    raw = Message(from_="a@example.com", to="ann@example.org", raw=eml)
    with Peer(without="8BITMIME SMTPUTF8") as first, Peer() as second:
        mailer = Mailer(f"failover({smtp(first)}, {smtp(second)})")
        with colour.using(mailer):
            receipt = colour.send(mailer, raw)
    assert [each.error for each in receipt.attempts] == ["Unsupported", ""]
    assert (first.submissions, second.submissions) == (0, 1)
