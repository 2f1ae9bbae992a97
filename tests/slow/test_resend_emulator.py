"""The Resend transport against resend-local, an emulator that other people wrote."""

from __future__ import annotations

from support.colour import Colour
from support.resend_emulator import ResendLocal

from mailbridge import Attachment, Mailer, Message

HELLO = Message(
    from_=("Shop, the", "app@example.com"),
    to="Änne <ann@bücher.example>",
    cc="boss@example.org",
    bcc="hidden@example.org",
    reply_to="help@example.com",
    subject="Grüße",
    text="Hello\n",
    html="<p>Hëllo</p>",
    headers={"X-One": "1"},
    tags="welcome",
    attachments=Attachment(b"%PDF-1.4", "report.pdf"),
)


def mailer(emulator: ResendLocal) -> Mailer:
    return Mailer(f"resend://re_0a1b2c3d_4e5f6a7b@default?base_url={emulator.url}")


def test_it_takes_a_message_and_shows_it_under_the_id_of_the_receipt(resend_local: ResendLocal, colour: Colour) -> None:
    receipt = colour.send(mailer(resend_local), HELLO)
    stored = resend_local.mail(receipt.provider_id)
    assert {name: stored[name] for name in ("from", "to", "cc", "bcc", "reply_to", "subject", "text", "html")} == {
        "from": '"Shop, the" <app@example.com>',
        "to": ['"Änne" <ann@xn--bcher-kva.example>'],
        "cc": ["boss@example.org"],
        "bcc": ["hidden@example.org"],
        "reply_to": ["help@example.com"],
        "subject": "Grüße",
        "text": "Hello\n",
        "html": "<p>Hëllo</p>",
    }


def test_the_ids_of_a_batch_are_those_of_its_messages(resend_local: ResendLocal, colour: Colour) -> None:
    messages = [Message(from_="a@example.com", to=f"r{n}@example.org", subject=f"No. {n}", text="Hi") for n in range(5)]
    receipts = colour.send_many(mailer(resend_local), messages)
    stored = [resend_local.mail(receipt.provider_id) for receipt in receipts]
    assert [(each["to"], each["subject"]) for each in stored] == [([f"r{n}@example.org"], f"No. {n}") for n in range(5)]


def test_it_is_asked_for_domains_by_verify(resend_local: ResendLocal, colour: Colour) -> None:
    assert colour.verify(mailer(resend_local)).details == {"domains": []}
