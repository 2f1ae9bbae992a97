"""The null transport accepts what SMTP could carry."""

import pytest

from mailbridge.errors import MessageInvalid
from mailbridge.mailer import Mailer
from mailbridge.message.message import Message
from mailbridge.receipt import Status

MESSAGE = Message(from_="app@example.com", to="Ann@Example.org", bcc="bob@example.org", subject="Hi", text="Hello")


def test_every_recipient_is_accepted_under_its_own_spelling(colour):
    receipt = colour.send(Mailer("null://"), MESSAGE)
    assert {address: row.status for address, row in receipt.recipients.items()} == {
        "Ann@Example.org": Status.ACCEPTED,
        "bob@example.org": Status.ACCEPTED,
    }
    assert (receipt.provider, receipt.transport, len(receipt.attempts)) == ("null", "null://", 1)
    assert receipt.message_id.endswith("@example.com>")


def test_a_plugin_may_still_refuse_what_is_rendered(colour):
    """The message is rendered and shown to hooks, as for SMTP: development tells the truth."""
    from mailbridge.hooks import hookimpl

    class Strict:
        @hookimpl
        def mailbridge_prepare(self, mime):
            raise MessageInvalid(f"No mail of {mime.size > 0} size.", field="text")

    with pytest.raises(MessageInvalid, match="No mail of True size"):
        colour.send(Mailer("null://", hooks=[Strict()]), MESSAGE)


def test_an_option_is_refused():
    with pytest.raises(Exception, match="the option limit is unknown"):
        Mailer("null://?limit=5")


def test_verifying_says_that_nothing_is_sent(colour):
    assert "none is sent" in colour.verify(Mailer("null://")).text
