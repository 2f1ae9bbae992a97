"""Messages as MIME through an API: who is named in the header, and who gets it."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import MessageInvalid, Unsupported
from mailbridge.message.message import Message
from mailbridge.message.mime import render
from mailbridge.sending.http.mime import addressed

MESSAGE = Message(from_="ann@example.com", to="bob@example.org", subject="Hi", text="Hello")
STAMP = ("<1@example.com>", datetime(2026, 11, 22, tzinfo=UTC))


def octets(message):
    stamped = message.stamped(*STAMP)
    return addressed(stamped, render(stamped))


def raw(head, **change):
    return Message.from_bytes(f"From: ann@example.com\r\n{head}\r\n\r\nHello\r\n".encode(), keep_raw=True).replace(
        **change
    )


def test_without_blind_copies_nothing_is_added():
    stamped = MESSAGE.stamped(*STAMP)
    assert octets(MESSAGE) == bytes(render(stamped))


def test_blind_copies_stand_in_front():
    found = octets(MESSAGE.replace(bcc="Eve <eve@example.net>"))
    assert found.startswith(b"Bcc: Eve <eve@example.net>\r\nFrom: ann@example.com\r\n")


def test_who_is_named_openly_is_not_named_again():
    assert b"Bcc" not in octets(MESSAGE.replace(bcc="Bob@example.org"))


def test_a_blind_copy_that_ascii_cannot_name_is_refused():
    with pytest.raises(Unsupported):
        octets(MESSAGE.replace(bcc="ünal@example.org"))


@pytest.mark.parametrize(
    "head",
    [
        "To: bob@example.org, eve@example.net",
        "To: bob@example.org\r\nCc: Eve <eve@example.net>",
        "to: x: bob@example.org, eve@example.net;",
    ],
)
def test_a_raw_message_that_names_somebody_else_is_refused(head):
    with pytest.raises(MessageInvalid, match=r"eve@example\.net"):
        octets(raw(head, to="bob@example.org", cc=()))


def test_a_raw_message_may_be_for_more_than_it_names():
    found = octets(raw("To: bob@example.org\r\nBcc: hidden@example.org", bcc="eve@example.net"))
    assert found == b"Bcc: eve@example.net\r\nFrom: ann@example.com\r\nTo: bob@example.org\r\n\r\nHello\r\n"


locals_ = st.lists(st.integers(0, 99), min_size=1, max_size=60, unique=True)


@given(locals_, locals_, locals_)
def test_the_header_names_exactly_the_recipients(to, cc, bcc):
    def people(numbers):
        return [f"a{number}@example.org" for number in numbers]

    message = MESSAGE.replace(to=people(to), cc=people(cc), bcc=people(bcc))
    parsed = message_from_bytes(octets(message), policy=policy.SMTP)
    named = {
        each.addr_spec for name in ("to", "cc", "bcc") for each in (parsed[name].addresses if parsed[name] else ())
    }
    assert named == {each.addr_spec for each in message.recipients}
