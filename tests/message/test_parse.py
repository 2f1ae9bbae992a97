"""Messages that others made: taken apart without loss, or kept as bytes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP, compat32, default
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address
from mailbridge.message.attachment import Attachment
from mailbridge.message.envelope import Envelope
from mailbridge.message.message import Message
from mailbridge.message.mime import render
from mailbridge.message.parse import from_bytes, from_email

LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]) | st.just(" "), max_size=30).map(
    lambda text: " ".join(text.split())
)
BODY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), min_size=1, max_size=60).map(
    "{}\n".format
)
NAMES = st.sampled_from(["a.bin", "ü.png", 'a "b".pdf', "x" * 100, "=?utf-8?q?a?=.txt"])

SIMPLE = b"From: App <app@example.com>\r\nTo: ann@example.org\r\nSubject: Hi\r\n\r\nHello\r\n"


class TestFromBytes:
    def test_a_plain_message_is_taken_apart(self) -> None:
        assert from_bytes(SIMPLE) == Message(
            from_="App <app@example.com>", to="ann@example.org", subject="Hi", text="Hello\n"
        )

    @pytest.mark.catalogue("A39")
    @pytest.mark.parametrize("keep_raw", [False, True])
    def test_bcc_recipients_get_it_and_are_told_to_nobody(self, keep_raw: bool) -> None:
        read = from_bytes(b"BCC: secret@example.org,\r\n Eve <eve@example.org>\r\n" + SIMPLE, keep_raw=keep_raw)
        assert read.bcc == (Address("secret@example.org"), Address("eve@example.org", "Eve"))
        assert [each.addr_spec for each in read.recipients] == [
            "ann@example.org",
            "secret@example.org",
            "eve@example.org",
        ]
        assert read.raw == (SIMPLE if keep_raw else None)
        assert not read.headers

    def test_kept_bytes_are_unchanged_and_described(self) -> None:
        raw = (
            b"DKIM-Signature: v=1\nMessage-ID: <1@x>\nDate: Sat, 21 Nov 2026 09:30:00 +0000\nCc: c@d.e\nSender: s@b.c\n"
            + SIMPLE
        )
        read = from_bytes(raw)
        assert read.raw == raw
        assert (read.subject, read.message_id, read.date) == ("Hi", "<1@x>", datetime(2026, 11, 21, 9, 30, tzinfo=UTC))
        assert (read.from_, read.to, read.cc) == (
            Address("app@example.com", "App"),
            (Address("ann@example.org"),),
            (Address("c@d.e"),),
        )
        assert read.envelope == Envelope("s@b.c", ["ann@example.org", "c@d.e"])

    def test_the_reason_for_keeping_bytes_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG, "mailbridge.message"):
            from_bytes(b"Received: x\r\n" + SIMPLE)
        assert "kept as bytes because of headers: Received cannot be set" in caplog.text

    def test_bytes_are_kept_when_asked_for(self) -> None:
        assert from_bytes(SIMPLE, keep_raw=True).raw == SIMPLE

    @pytest.mark.parametrize("keep_raw", [False, True])
    def test_an_envelope_that_is_given_holds(self, keep_raw: bool) -> None:
        envelope = Envelope(None, "other@example.org")
        assert from_bytes(SIMPLE, envelope=envelope, keep_raw=keep_raw).envelope is envelope

    @pytest.mark.parametrize(
        "header",
        [
            b"To: undisclosed-recipients:;",
            b"X-A: 1",
            b"To: u@[127.0.0.1]",
            b"To: nobody",
            b"To: friends: a@b, c;",
            b"To: =?utf-8?q?u=40evil.example?=@x.y",
        ],
    )
    def test_with_an_envelope_the_recipients_in_the_header_may_be_anything(self, header: bytes) -> None:
        raw = b"From: a@b.c\r\n" + header + b"\r\n\r\nHi\r\n"
        read = from_bytes(raw, envelope=Envelope("a@b.c", "x@y.z"))
        assert read.recipients == (Address("x@y.z"),)
        with pytest.raises(MessageInvalid) as refusal:
            from_bytes(raw)
        assert refusal.value.field == "to"

    def test_an_encoded_word_in_an_address_of_others_is_kept_as_bytes_and_never_decoded(self) -> None:
        raw = b"From: =?utf-8?q?ceo=40bank.example?=@evil.example\nTo: x@y.z\n\nHi"
        read = from_bytes(raw, envelope=Envelope("a@b.c", "x@y.z"))
        assert (read.raw, read.from_) == (raw, Address("a@b.c"))

    def test_a_group_of_recipients_gets_the_bytes(self) -> None:
        read = from_bytes(b"From: a@b.c\nTo: friends: x@y.z, Ann <k@l.m>;\n\nHi")
        assert read.raw
        assert [each.addr_spec for each in read.recipients] == ["x@y.z", "k@l.m"]

    def test_several_authors_without_a_sender_stay_in_the_bytes(self) -> None:
        read = from_bytes(b"From: a@b.c, d@e.f\nTo: x@y.z\n\nHi")
        assert (read.raw is not None, read.from_all) == (True, (Address("a@b.c"),))

    def test_without_an_author_the_envelope_s_sender_is_one(self) -> None:
        read = from_bytes(b"To: x@y.z\n\nHi", envelope=Envelope("a@b.c", "x@y.z"))
        assert (read.raw, read.from_) == (b"To: x@y.z\n\nHi", Address("a@b.c"))

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"\n",
            b"Hello",
            b"To: x@y.z\n\nHi",
            b"From: \n\n",
            b"From: nobody\nTo: x@y.z\n\n",
            b"\0",
            b"From: a@b.c\n",
        ],
    )
    @pytest.mark.parametrize("envelope", [None, Envelope(None, "x@y.z")], ids=["none", "null"])
    def test_what_is_no_message_is_refused(self, raw: bytes, envelope: Envelope | None) -> None:
        if raw == b"From: a@b.c\n" and envelope:
            assert from_bytes(raw, envelope=envelope).text == ""
            return
        with pytest.raises(MessageInvalid):
            from_bytes(raw, envelope=envelope)

    @pytest.mark.parametrize("value", [None, "From: a@b.c", 5])
    def test_only_bytes_are_bytes(self, value: Any) -> None:
        with pytest.raises(MessageInvalid, match="raw must be bytes"):
            from_bytes(value)

    @pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"From app@example.com Sat Nov 21 09:30:00 2026\r\n"])
    @pytest.mark.parametrize("keep_raw", [False, True])
    def test_what_programs_put_before_a_stored_message_is_left_out(self, before: bytes, keep_raw: bool) -> None:
        assert from_bytes(before + SIMPLE, keep_raw=keep_raw) == from_bytes(SIMPLE, keep_raw=keep_raw)

    @pytest.mark.catalogue("A1")
    def test_an_encoded_word_that_hides_a_header_stays_encoded(self) -> None:
        raw = b"From: a@b.c\nTo: x@y.z\nSubject: =?utf-8?b?eA0KQmNjOiBlQHg=?=\n\nHi"
        read = from_bytes(raw)
        assert (read.raw, read.subject, read.bcc) == (raw, "", ())


class TestHostile:
    @pytest.mark.catalogue("A17")
    @pytest.mark.parametrize(
        "make",
        [
            lambda n: b"To: " + b"a:b:" * n + b";\n",
            lambda n: b"To: " + b'"' * n + b"\n",
            lambda n: b"To: " + b"(" * n + b"\n",
            lambda n: b"Subject: " + b"=?utf-8?q?" * n + b"\n",
            lambda n: b"X-A: 1\n" * n,
            lambda n: b"Subject: " + b"\n x" * n + b"\n",
            lambda n: b"Content-Type: multipart/mixed" + b';a="' * n + b"\n",
            lambda n: b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * n,
            lambda n: b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * n + b"--b--\n",
            lambda n: (
                b"Content-Type: multipart/mixed; boundary=b\n\n"
                + b"--b\nContent-Type: multipart/mixed; boundary=b\n\n" * (n // 5)
            ),
            lambda n: b"\n" + b"\r" * n + b"--" * n,
            lambda n: b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * n + b" " * n,
            lambda n: b"Content-Transfer-Encoding: base64\n\n" + b"=" * n,
        ],
        ids=[
            "groups",
            "quotes",
            "comments",
            "words",
            "headers",
            "folds",
            "parameters",
            "edges",
            "parts",
            "nesting",
            "ends",
            "qp",
            "base64",
        ],
    )
    def test_nothing_takes_more_than_linear_time(self, make: Callable[[int], bytes]) -> None:
        def seconds(count: int) -> float:
            raw = b"From: a@b.c\n" + make(count)
            begin = time.thread_time()
            try:
                from_bytes(raw, envelope=Envelope("a@b.c", "x@y.z"))
            except MessageInvalid:
                pass
            return time.thread_time() - begin

        assert seconds(50_000) < 5.0

    @pytest.mark.catalogue("A15")
    @pytest.mark.parametrize(
        "to", ["alice@example.org)bob@evil.com", '"a@evil x"@int.dom', "<@a:u@x>", "u@x\0.com", '"x> NOTIFY=NEVER"@e.f']
    )
    def test_a_recipient_is_never_guessed(self, to: str) -> None:
        with pytest.raises(MessageInvalid):
            from_bytes(f"From: a@b.c\nTo: {to}\n\nHi".encode())

    @settings(max_examples=300)
    @given(
        st.lists(
            st.sampled_from(
                [
                    b"From: a@b.c\n",
                    b"To: x@y.z\n",
                    b"Subject: ",
                    b"=?utf-8?q?",
                    b"?=",
                    b"\n",
                    b"\r\n",
                    b"\r",
                    b"Content-Type: ",
                    b"multipart/mixed",
                    b"; boundary=b\n",
                    b"--b",
                    b"--",
                    b"text/plain",
                    b"\xff",
                    b"\0",
                    b"Content-Transfer-Encoding: base64\n",
                    b"Date: ",
                    b" ",
                    b"message/rfc822",
                    b'Content-Disposition: attachment; filename="',
                    b"filename*=utf-8''%ff\xff",
                    b'"',
                    b"(",
                    b"<a@b>",
                    b"Message-ID: ",
                    b"charset=\xff",
                    b"x",
                ]
            ),
            max_size=25,
        ).map(b"".join)
    )
    def test_any_bytes_are_a_message_or_refused(self, raw: bytes) -> None:
        for envelope in (None, Envelope(None, "x@y.z")):
            try:
                read = from_bytes(b"From: a@b.c\n" + raw, envelope=envelope)
            except MessageInvalid:
                continue
            assert read.recipients


class TestRoundTrip:
    @settings(max_examples=150, deadline=None)
    @given(
        st.fixed_dictionaries(
            {"text": BODY, "subject": LINE},
            optional={
                "html": BODY,
                "cc": st.just([Address("c@d.e", 'Smith, "Ann" <x@y.z>'), Address("f@g.h", "=?utf-8?q?a?=")]),
                "headers": st.lists(st.tuples(st.just("X-A"), LINE), max_size=2),
                "attachments": st.lists(st.builds(Attachment, st.binary(max_size=100), NAMES), max_size=2),
                "list_unsubscribe": st.just(["https://x.example/y", "mailto:u@x.example"]),
                "references": st.just(["<a@b>", "<c@d>"]),
            },
        )
    )
    def test_what_we_render_is_read_again(self, fields: dict[str, Any]) -> None:
        sent = Message(
            from_=("Zoë", "a@b.c"), to="x@y.z", message_id="1@b.c", date=datetime(2026, 11, 21, tzinfo=UTC), **fields
        )
        assert from_bytes(bytes(render(sent))) == sent


def _email(kind: str) -> Any:
    if kind == "old":
        message: Any = MIMEMultipart("mixed")
        message.attach(MIMEText("Hällo\n", "plain", "utf-8"))
        image = MIMEText("1;2", "csv", "utf-8")
        image.add_header("Content-Disposition", "attachment", filename=("utf-8", "", "ü.csv"))
        message.attach(image)
    else:
        message = EmailMessage(policy=SMTP if kind == "smtp" else default)
        message.set_content("Hällo\n")
        message.add_attachment(b"1;2", maintype="text", subtype="csv", filename="ü.csv", params={"charset": "utf-8"})
    for name, value in {
        "From": "Zoë <a@b.c>",
        "To": '"Smith, Ann" <x@y.z>',
        "Bcc": "s@t.u",
        "Subject": "Grüße " * 30 + "!",
        "X-A": "ü",
    }.items():
        message[name] = value
    return message


class TestFromEmail:
    @pytest.mark.parametrize("kind", ["old", "default", "smtp"])
    def test_a_message_of_the_standard_library_is_taken_apart(self, kind: str) -> None:
        assert from_email(_email(kind)) == Message(
            from_="Zoë <a@b.c>",
            to='"Smith, Ann" <x@y.z>',
            bcc="s@t.u",
            subject="Grüße " * 30 + "!",
            text="Hällo\n",
            headers={"X-A": "ü"},
            attachments=Attachment(b"1;2", "ü.csv", "text/csv; charset=utf-8"),
        )

    @pytest.mark.parametrize("kind", ["old", "default", "smtp"])
    @pytest.mark.catalogue("A39")
    def test_bytes_are_kept_when_asked_for_and_are_ascii_in_the_header(self, kind: str) -> None:
        message = _email(kind)
        for name in ("From", "To"):  # the old API encodes `Zoë <a@b.c>` as one word
            del message[name]
            message[name] = "x@y.z"
        read = from_email(message, keep_raw=True)
        assert read.raw is not None
        head = read.raw.partition(b"\r\n\r\n")[0]
        assert head.isascii()
        assert b"s@t.u" not in read.raw
        assert max(map(len, head.split(b"\r\n"))) <= 998
        assert (read.bcc, read.subject.strip()) == ((Address("s@t.u"),), "Grüße " * 30 + "!")

    @pytest.mark.parametrize("policy", [default, SMTP, compat32], ids=["default", "smtp", "compat32"])
    def test_a_parsed_message_is_read_like_its_bytes(self, policy: Any) -> None:
        for raw in (SIMPLE, b"Received: x\r\n" + SIMPLE):
            assert from_email(message_from_bytes(raw, policy=policy)) == from_bytes(raw)

    def test_an_attached_message_is_attached(self) -> None:
        message = _email("default")
        message.add_attachment(message_from_bytes(SIMPLE, policy=default))
        assert from_email(message).attachments[-1] == Attachment.from_message(SIMPLE)

    def test_an_envelope_that_is_given_holds(self) -> None:
        envelope = Envelope(None, "other@example.org")
        assert from_email(_email("default"), envelope=envelope).envelope is envelope
        assert from_email(_email("default"), envelope=envelope, keep_raw=True).envelope is envelope

    @pytest.mark.catalogue("A1")
    @pytest.mark.parametrize("kind", ["old", "default"])
    @pytest.mark.parametrize("subject", ["=?UTF-8?Q?x=0ABcc:_evil@x.y?=", "=?utf-8?b?eA0KQmNjOiBlQHg=?="])
    def test_no_subject_becomes_a_recipient(self, kind: str, subject: str) -> None:
        message = _email(kind)
        for name in ("Subject", "To"):
            del message[name]
        message["To"] = "x@y.z"
        try:
            message["Subject"] = subject
            read = from_email(message)
        except ValueError:  # refused by us, or by CPython 3.13
            return
        assert [each.addr_spec for each in read.recipients] == ["x@y.z", "s@t.u"]
        assert b"evil" not in (read.raw or b"")
        assert b"\nBcc" not in (read.raw or b"")
