"""What a provider's API is told of Django's messages is what Django itself makes of them, or it is refused."""

from __future__ import annotations

import contextlib
import email
import email.policy
from collections.abc import Iterator
from typing import Any

import pytest
from support.django_corpus import CORPUS, headers_of

from mailbridge import MessageInvalid, Unsupported
from mailbridge.message.address import address
from mailbridge.testing.stubs import ProviderStub
from mailbridge_django import EmailBackend

RENDERED = {
    "attachment_with_a_path_for_a_name",
    "date_without_a_zone",
    "encoding_latin1",
    "header_of_the_content",
    "header_with_encoded_words",
    "id_of_another_kind",
    "part_with_headers_of_its_own",
    "part_with_parts",
    "subclass_with_message",
}
"""Only Django can write these: an API takes them only in MIME."""

FORMS = {"alternative_of_octets", "amp_between", "html_before_text", "other_subtype", "two_html_forms"}
CALENDARS = {"calendar_before_html", "calendar_with_method", "calendar_without_method"}
EMPTY = {"attachment_alone", "empty_body", "no_body_at_all"}
ENVELOPES = {"from_header_apart", "sender_header"}
DATED = {"date_and_id_given"}
MESSAGES = {"attached_django_message", "attached_message_as_text", "attached_parsed_message"}
SIMPLE = RENDERED | FORMS | CALENDARS | ENVELOPES | DATED | {"image_with_an_id_nobody_shows", "to_header_apart"}
"""What no API can express that knows a text, an HTML and files."""

REFUSED: dict[str, set[str]] = {
    "brevo": SIMPLE
    | EMPTY
    | MESSAGES
    | {
        "attached_text_and_octets",
        "attached_text_that_is_none",
        "attachment_with_name_beyond_ascii",
        "attachments_of_one_name",
        "further_headers",
        "inline_image_of_the_html",
        "only_bcc",
        "part_of_text_in_another_charset",
        "reply_to_several",
    },
    "gmail": ENVELOPES | DATED | {"subclass_with_message", "to_header_apart"},
    "mailgun": ENVELOPES | DATED | {"date_without_a_zone"},
    "mailjet": SIMPLE | EMPTY | {"only_bcc", "part_of_text_in_another_charset", "reply_to_several", "subject_long"},
    "postmark": SIMPLE,
    "resend": SIMPLE | EMPTY | MESSAGES | {"attached_text_that_is_none", "attachments_of_one_name", "only_bcc"},
    "sendgrid": RENDERED | EMPTY | ENVELOPES | DATED | {"alternative_of_octets", "only_bcc", "to_header_apart"},
    "ses": DATED | {"date_without_a_zone"},
}
"""What each provider cannot express, by the names of the corpus: refused before anything is sent."""

LOST = {
    ("mailgun", "inline_image_of_the_html"): "the field's file name is the content id, which has to be there",
    ("sendgrid", "two_html_forms"): "the stand-in reads the last one; the request has both",
}
"""Where the API has no place for something less than a body or a file."""

pytestmark = pytest.mark.filterwarnings("ignore:MIMEBase attachments:DeprecationWarning")


def said(mime: bytes) -> tuple[list[tuple[str, str]], list[tuple[str, str, bytes]]]:
    """Return what a recipient sees of a message: people, subject, and every body and file, wherever it stands."""
    people = [each for each in headers_of(mime) if each[0] in ("from", "to", "cc", "reply-to", "subject")]
    parsed = email.message_from_bytes(mime, policy=email.policy.default)
    parts = [each for each in parsed.walk() if not each.is_multipart() or each.get_content_maintype() == "message"]
    return people, sorted(map(_form, parts))


def _form(part: Any) -> tuple[str, str, bytes]:
    kind, name = part.get_content_type(), part.get_filename() or ""
    octets = part.get_content().as_bytes() if kind == "message/rfc822" else part.get_payload(decode=True)
    if kind.startswith(("text/", "message/")):
        octets = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n")
    # APIs that want a name for every file call the nameless so, with the suffix of its type perhaps.
    return kind, "" if name.startswith("attachment") else name, octets


@pytest.fixture(scope="module", params=sorted(REFUSED))
def provider(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def stub(provider: str) -> Iterator[ProviderStub]:
    with ProviderStub(provider) as open_stub:
        yield open_stub


@pytest.mark.parametrize("name", CORPUS)
def test_an_api_is_told_what_the_message_says_or_nothing(name: str, provider: str, stub: ProviderStub) -> None:
    stub.clear()
    refused = name in REFUSED[provider]
    with pytest.raises((Unsupported, MessageInvalid)) if refused else contextlib.nullcontext():
        assert EmailBackend(dsn=stub.dsn).send_messages([CORPUS[name]()]) == 1
    assert len(stub.sent) == (not refused)
    for mail in stub.sent:
        message = CORPUS[name]()
        same = said(mail.raw) == said(message.message().as_bytes())
        assert same == ((provider, name) not in LOST)
        assert {each.key for each in mail.recipients} == {address(str(each), "to").key for each in message.recipients()}
