"""The SES transport against emulators of Amazon SES that other people wrote."""

from __future__ import annotations

from email import message_from_string, policy
from typing import Any

import pytest
from support.colour import Colour
from support.ses_emulators import Moto, SesLocal

from mailbridge import Attachment, Mailer, Message
from mailbridge.errors import AuthFailed, SenderRefused

HELLO = Message(
    from_="App <app@example.com>",
    to="Ann <ann@example.org>",
    bcc="hidden@example.org",
    subject="Grüße",
    text="Hello\n",
    html="<p>Hëllo</p>",
    attachments=Attachment(b"%PDF-1.4", "report.pdf"),
)


def mailer(emulator: Any, key: str, secret: str) -> Mailer:
    table = {"transport": "ses", "region": "eu-west-1", "access_key_id": key, "secret_access_key": secret}
    return Mailer({**table, "base_url": emulator.url})


# --- moto: signatures, senders, limits


def test_moto_takes_our_signature_and_the_message(moto: Moto, colour: Colour) -> None:
    before = len(moto.stored["RawMessage"]) if "RawMessage" in moto.stored else 0
    receipt = colour.send(mailer(moto, *moto.access_key), HELLO)
    stored = moto.stored["RawMessage"][before:]
    assert receipt.provider_id
    assert len(stored) == 1
    mime: Any = message_from_string(stored[0]["raw_data"], policy=policy.default)
    assert (mime["From"], mime["To"], mime["Subject"]) == ("App <app@example.com>", "Ann <ann@example.org>", "Grüße")
    assert mime.get_body(("html",)).get_content() == "<p>Hëllo</p>\n".rstrip("\n")
    assert [each.get_filename() for each in mime.iter_attachments()] == ["report.pdf"]
    assert "hidden@example.org" not in stored[0]["raw_data"]
    assert "hidden@example.org" in str(stored[0]["destinations"])


def test_moto_refuses_another_secret(moto: Moto, colour: Colour) -> None:
    key, secret = moto.access_key
    with pytest.raises(AuthFailed, match="SignatureDoesNotMatch"):
        colour.send(mailer(moto, key, secret[::-1]), HELLO)


def test_moto_refuses_a_key_it_does_not_know(moto: Moto, colour: Colour) -> None:
    with pytest.raises(AuthFailed, match="AWS does not know access_key_id"):
        colour.send(mailer(moto, "AKIAIOSFODNN7EXAMPLE", moto.access_key[1]), HELLO)


def test_moto_refuses_a_sender_that_is_not_verified(moto: Moto, colour: Colour) -> None:
    with pytest.raises(SenderRefused, match="in the region eu-west-1"):
        colour.send(mailer(moto, *moto.access_key), HELLO.replace(from_="other@example.org"))


# --- aws-ses-v2-local: templates, bulk, the account


@pytest.fixture
def templated(ses_local: SesLocal) -> SesLocal:
    """Empty the store, and keep one template there."""
    ses_local.ask("POST", "/clear-store")
    content = {"Subject": "For {{name}}", "Text": "Hello {{name}}", "Html": "<p>Hello {{name}}</p>"}
    ses_local.ask(
        "POST",
        "/v2/email/templates",
        {"TemplateName": "welcome", "TemplateContent": content},
        {"Authorization": "AWS4-HMAC-SHA256 Credential=x", "Content-Type": "application/json"},
    )
    return ses_local


def test_the_emulator_reads_our_mime(templated: SesLocal, colour: Colour) -> None:
    receipt = colour.send(mailer(templated, "test", "test"), HELLO)
    (stored,) = templated.stored
    assert receipt.complete
    assert stored["subject"] == "Grüße"
    assert stored["body"]["html"].strip() == "<p>Hëllo</p>"
    assert [each["filename"] for each in stored["attachments"]] == ["report.pdf"]


def test_a_stored_template_is_filled_in(templated: SesLocal, colour: Colour) -> None:
    message = Message(
        from_="app@example.com", to="ann@example.org", template="welcome", merge_global={"name": "Ännchen"}
    )
    assert colour.send(mailer(templated, "test", "test"), message).complete
    (stored,) = templated.stored
    assert (stored["subject"], stored["body"]["text"]) == ("For Ännchen", "Hello Ännchen")
    assert stored["destination"]["to"] == ["ann@example.org"]


def test_a_bulk_call_is_filled_in_for_everybody(templated: SesLocal, colour: Colour) -> None:
    names = {f"r{number}@example.org": {"name": f"R{number}"} for number in range(60)}
    messages = [
        Message(from_="app@example.com", to=to, template="welcome", merge_global=data) for to, data in names.items()
    ]
    outcomes = colour.send_many(mailer(templated, "test", "test"), messages)
    assert [outcome.complete for outcome in outcomes] == [True] * 60
    assert {stored["destination"]["to"][0]: stored["subject"] for stored in templated.stored} == {
        to: f"For {data['name']}" for to, data in names.items()
    }
    assert len({outcome.provider_id for outcome in outcomes}) == 60


def test_merge_data_is_filled_in_for_everybody(templated: SesLocal, colour: Colour) -> None:
    names = {f"r{number}@example.org": {"name": f"R{number}"} for number in range(3)}
    message = Message(from_="app@example.com", to=[*names], template="welcome", merge_data=names)
    receipt = colour.send(mailer(templated, "test", "test"), message)
    assert receipt.complete
    assert [stored["subject"] for stored in templated.stored] == ["For R0", "For R1", "For R2"]


def test_a_template_that_travels_along_is_filled_in(templated: SesLocal, colour: Colour) -> None:
    names = {"ann@example.org": {"name": "Ann"}, "bob@example.org": {"name": "Bob"}}
    message = HELLO.replace(to=[*names], bcc=None, attachments=None, subject="For {{name}}", merge_data=names)
    assert colour.send(mailer(templated, "test", "test"), message).complete
    assert [stored["subject"] for stored in templated.stored] == ["For Ann", "For Bob"]


def test_verify_reads_the_account(ses_local: SesLocal, colour: Colour) -> None:
    assert "in the sandbox" in colour.verify(mailer(ses_local, "test", "test")).text
