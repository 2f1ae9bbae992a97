"""What a request says becomes a mail that a test can look at, whatever the message and whatever the provider."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailbridge import Mailer, Message
from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address
from mailbridge.testing import Decoded, DecodedFile, ProviderStub, corpus
from mailbridge.testing.stubs.named import PROVIDERS
from mailbridge.testing.stubs.reading import message_of

ANN, SHOP = Address("ann@example.org"), Address("shop@example.com")


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_message_of_the_corpus_arrives(name: str) -> None:
    taken = 0
    with ProviderStub(name) as stub, Mailer(stub.dsn) as mailer:
        for case, message in corpus(stub.replies.template).items():
            stub.clear()
            try:
                mailer.send(message)
            except MessageInvalid:
                continue  # this provider cannot; the contract judges whether it should
            taken += 1
            assert not stub.failed, case
            found = {each.key for mail in stub.sent for each in mail.recipients}
            assert found == {each.key for each in message.recipients}, case
            if message.raw is None and message.template is None and not message.merge_global:
                assert {mail.subject for mail in stub.sent} == {message.subject}, case
    assert taken > 40


def test_what_only_the_provider_is_told_is_told_to_the_test() -> None:
    later = datetime(2030, 1, 1, 12, tzinfo=UTC)
    letter = Message(
        from_="shop@example.com",
        to="ann@example.org",
        subject="Welcome",
        html="<p>Hello",
        headers={"X-Shop": "7"},
        list_unsubscribe="https://example.com/u",
        list_unsubscribe_post=True,
        in_reply_to="<1@example.com>",
        tags=["welcome", "new"],
        metadata={"order": 7},
        send_at=later,
        track_opens=False,
    )
    with ProviderStub("sendgrid") as stub, Mailer(stub.dsn) as mailer:
        mailer.send(letter)
        found = stub.assert_sent(
            tag="welcome", metadata={"order": "7"}, header={"X-Shop": "7"}, html="<p>", backend="sendgrid"
        )
    assert (found.send_at, found.track_opens, found.text) == (later, False, None)
    assert (found.list_unsubscribe, found.list_unsubscribe_post) == (("https://example.com/u",), True)
    assert (found.in_reply_to, found.message_id is not None) == ("<1@example.com>", True)


def test_forms_of_the_body_find_their_fields() -> None:
    invitation = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    found = message_of(
        Decoded(
            from_=[SHOP],
            to=[ANN],
            text="Hello",
            alternatives=[
                ("text/x-amp-html", "<html amp4email>"),
                ("text/calendar; method=REQUEST", invitation),
                ("text/markdown", "*Hello*"),
            ],
        )
    )
    assert (found.amp, found.method, found.calendar is not None) == ("<html amp4email>", "REQUEST", True)
    assert [each.content_type for each in found.alternatives] == ["text/markdown"]


def test_headers_that_are_odd_are_left_to_the_request() -> None:
    headers = [("Message-ID", "not an id"), ("Date", "soon"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]
    found = message_of(Decoded(from_=[SHOP], to=[ANN], text="Hello", headers=[*headers, ("X-Shop", "7")]))
    assert (found.message_id, found.date, found.headers) == (None, None, (("X-Shop", "7"),))


def test_what_an_envelope_says_apart_is_an_envelope() -> None:
    found = message_of(
        Decoded(
            from_=[SHOP], to=[ANN], text="Hello", recipients=[Address("bob@example.org")], envelope_sender="b@x.example"
        )
    )
    assert (str(found.envelope.sender), found.recipients) == ("b@x.example", (Address("bob@example.org"),))


def test_metadata_of_other_shapes_is_json() -> None:
    found = message_of(Decoded(from_=[SHOP], to=[ANN], text="Hello", metadata={"a": 1, "b": ["x"], "c": None}))
    assert dict(found.metadata) == {"a": 1, "b": '["x"]', "c": "null"}


def test_files_are_files() -> None:
    picture = DecodedFile(content=b"GIF89a", name="logo.gif", content_type="image/gif", inline=True, content_id="logo")
    [found] = message_of(Decoded(from_=[SHOP], to=[ANN], html="<p>", attachments=[picture])).attachments
    assert (found.content, found.filename, found.cid) == (b"GIF89a", "logo.gif", "cid:logo")


@pytest.mark.parametrize("wrong", [Decoded(to=[ANN], text="x"), Decoded(from_=[SHOP], text="x")], ids=["author", "to"])
def test_a_request_without_author_or_recipient_is_no_mail(wrong: Decoded) -> None:
    with pytest.raises(MessageInvalid):
        message_of(wrong)
