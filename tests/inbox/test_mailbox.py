"""The mailbox of the catch-all server."""

from __future__ import annotations

import threading

import pytest

from mailbridge.errors import TimedOut
from mailbridge.inbox import Caught, Mailbox


def caught(number: int) -> Caught:
    return Caught(envelope_from="a@x.test", recipients=("b@x.test",), raw=b"%d" % number, received_at=0.0)


def test_the_oldest_go_when_it_is_full() -> None:
    mailbox = Mailbox(limit=2)
    for number in range(3):
        mailbox.add(caught(number))
    assert [one.raw for one in mailbox] == [b"1", b"2"]
    assert (len(mailbox), mailbox.received, mailbox[-1].raw) == (2, 3, b"2")


def test_waiting_ends_when_enough_arrived() -> None:
    mailbox = Mailbox()
    senders = [threading.Thread(target=mailbox.add, args=(caught(number),)) for number in range(3)]
    for sender in senders:
        sender.start()
    assert len(mailbox.wait_for(3)) == 3
    for sender in senders:
        sender.join()


def test_waiting_in_vain_says_how_many_came() -> None:
    mailbox = Mailbox()
    mailbox.add(caught(1))
    with pytest.raises(TimedOut, match=r"1 of 2 messages arrived within 0\.01 seconds"):
        mailbox.wait_for(2, timeout=0.01)


def test_clearing_forgets_the_count_too() -> None:
    mailbox = Mailbox()
    mailbox.add(caught(1))
    mailbox.clear()
    assert (mailbox.received, mailbox.messages) == (0, ())


def test_a_caught_message_shows_no_body() -> None:
    assert repr(caught(12345)) == "Caught('a@x.test' -> b@x.test, 5 bytes)"
