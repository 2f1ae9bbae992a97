"""A snapshot is the same in every run, and shows what a person would want to compare."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mails import mail, message

from mailbridge import Mailer
from mailbridge.message.attachment import Attachment
from mailbridge.message.envelope import Envelope
from mailbridge.message.message import Message
from mailbridge.message.template import Template
from mailbridge.testing import SentMail, corpus

RICH = """\
[bcc] Bob <bob@example.org>
[tags] welcome, new
[metadata] {"user": 7}
[template] greeting (version 2)
[track_opens] False
From: App <app@example.com>
To: ann@example.org
Subject: Grüße
Date: <date>
Message-ID: <message-id>
Content-Type: multipart/mixed; boundary="<boundary-1>"

--<boundary-1>
Content-Type: multipart/alternative; boundary="<boundary-1.1>"

--<boundary-1.1>
Content-Type: text/plain; charset="utf-8"

Schöne Grüße,
App
--<boundary-1.1>
Content-Type: text/html; charset="utf-8"

<p>Schöne Grüße</p>
--<boundary-1.1>--
--<boundary-1>
Content-Type: application/pdf
Content-Disposition: attachment; filename="a.pdf"

<2 bytes, SHA-256 5dde896887f6754c>
--<boundary-1>--
"""

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\r"), max_size=80)


def test_it_shows_header_bodies_and_what_is_beside_them() -> None:
    sent = mail(
        bcc="Bob <bob@example.org>",
        subject="Grüße",
        text="Schöne Grüße,\nApp\n",
        html="<p>Schöne Grüße</p>",
        attachments=Attachment(b"xx", "a.pdf"),
        tags=["welcome", "new"],
        metadata={"user": 7},
        template=Template("greeting", 2),
        track_opens=False,
    )
    assert sent.snapshot() == RICH


def test_an_envelope_apart_from_the_header_is_shown() -> None:
    sent = mail(envelope=Envelope(None, ["zoe@example.org"]), text="Hi")
    assert sent.snapshot().startswith("[recipients] zoe@example.org\n[envelope sender] <>\nFrom: ")


def test_what_was_caught_looks_like_what_was_sent() -> None:
    sent = mail(bcc="bob@example.org", text="Grüße\n", html="<p>Grüße</p>")
    caught = SentMail.from_bytes(sent.raw, sender="app@example.com", recipients=sent.recipients)
    assert caught.snapshot() == sent.snapshot()


def test_traces_and_signatures_have_stand_ins() -> None:
    raw = b"Received: by x; now\r\nDKIM-Signature: b=1\r\nFrom: a@example.com\r\nTo: b@example.org\r\n\r\nHi\r\n"
    assert SentMail.from_bytes(raw).snapshot() == (
        "Received: <trace>\nDKIM-Signature: <signature>\nFrom: a@example.com\nTo: b@example.org\n\nHi\n"
    )


@pytest.mark.parametrize("name", list(corpus()))
def test_every_message_of_the_corpus_has_one(name: str) -> None:
    made = corpus()[name]
    stamped = made.stamped("<2@example.com>", datetime(2031, 1, 1, tzinfo=UTC))
    assert SentMail(made).snapshot() == SentMail(stamped).snapshot()


@settings(max_examples=40, deadline=None)  # each makes mailers of its own
@given(TEXT, TEXT, st.text("aä =?", max_size=30))
def test_it_is_the_same_whenever_the_same_is_sent(text: str, html: str, subject: str) -> None:
    file = Attachment(b"x", "a.txt")
    first, second = (_sent(message(text=text, html=html, subject=subject, attachments=file)) for _ in range(2))
    assert first.message_id != second.message_id
    assert first.snapshot() == second.snapshot()


def _sent(made: Message) -> SentMail:
    """Send a message for real, into memory."""
    with Mailer("memory://?limit=1") as mailer:
        mailer.send(made)
        kept = mailer.transport().kept[-1]  # type: ignore[attr-defined]
    return SentMail(kept.message, raw=kept.mime)
