"""Messages are put together as mail readers expect, and the same way each time."""

from __future__ import annotations

import email
import email.policy
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from mailbridge.errors import MessageInvalid, Unsupported
from mailbridge.message.address import Address
from mailbridge.message.attachment import Attachment
from mailbridge.message.message import Message
from mailbridge.message.mime import Mime, render

DATE = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
FILE = Attachment(b"%PDF", "a.pdf")
LOGO = Attachment(b"GIF89a", "logo.gif", inline=True, content_id="logo")


def message(**fields: Any) -> Message:
    given = {"from_": "ann@example.com", "to": "bob@example.org", "message_id": "17.a@example.com", "date": DATE}
    return Message(**{**given, **fields})


def rendered(*, eight_bit: bool = True, utf8: bool = False, **fields: Any) -> Mime:
    return render(message(**fields), eight_bit=eight_bit, utf8=utf8)


def shape(mime: Mime) -> Any:
    """Draw the tree of types: {"mixed": ["plain", "pdf"]}."""

    def drawn(part: Any) -> Any:
        kind = part.get_content_subtype()
        return {kind: [drawn(each) for each in part.iter_parts()]} if part.is_multipart() else kind

    return drawn(email.message_from_bytes(bytes(mime), policy=email.policy.default))


def test_a_text_is_one_part() -> None:
    assert bytes(rendered(subject="Hi", text="Hello\n")) == (
        b"From: ann@example.com\r\nTo: bob@example.org\r\nSubject: Hi\r\n"
        b"Date: Sat, 21 Nov 2026 12:30:00 +0000\r\nMessage-ID: <17.a@example.com>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello\r\n'
    )


class TestStructure:
    @pytest.mark.parametrize(
        ("fields", "tree"),
        [
            ({}, "plain"),
            ({"text": "t"}, "plain"),
            ({"html": "h"}, "html"),
            ({"text": "t", "html": "h"}, {"alternative": ["plain", "html"]}),
            ({"html": "h", "attachments": LOGO}, {"related": ["html", "gif"]}),
            ({"text": "t", "html": "h", "attachments": LOGO}, {"alternative": ["plain", {"related": ["html", "gif"]}]}),
            ({"text": "t", "attachments": FILE}, {"mixed": ["plain", "pdf"]}),
            ({"text": "t", "attachments": LOGO}, {"mixed": ["plain", "gif"]}),
            ({"attachments": FILE}, {"mixed": ["pdf"]}),
            ({"text": "", "attachments": FILE}, {"mixed": ["plain", "pdf"]}),
            (
                {"text": "t", "html": "h", "attachments": [FILE, LOGO]},
                {"mixed": [{"alternative": ["plain", {"related": ["html", "gif"]}]}, "pdf"]},
            ),
            (
                {"text": "t", "amp": "a", "html": "h", "calendar": "c", "alternatives": [("m", "text/markdown")]},
                {"alternative": ["plain", "x-amp-html", "html", "markdown", "calendar"]},
            ),
        ],
    )
    def test_is_what_readers_expect(self, fields: dict[str, Any], tree: object) -> None:
        assert shape(rendered(**fields)) == tree

    def test_an_invitation_says_its_method(self) -> None:
        mime = bytes(rendered(calendar="BEGIN:VCALENDAR\nMETHOD:CANCEL\nEND:VCALENDAR\n"))
        assert b'Content-Type: text/calendar; method=CANCEL; charset="utf-8"\r\n' in mime

    def test_octets_as_an_alternative_are_base64(self) -> None:
        mime = rendered(text="t", alternatives=[(b"\xe9", "text/x-note; charset=latin-1")])
        part = list(email.message_from_bytes(bytes(mime)).walk())[-1]
        assert (part.get_content_type(), part.get_payload(decode=True)) == ("text/x-note", b"\xe9")


class TestHeader:
    def test_has_a_field_for_everything_and_none_for_bcc(self) -> None:
        mime = rendered(
            from_=["Ann <ann@example.com>", "eve@example.com"],
            sender="eve@example.com",
            reply_to=["r1@example.com", "r2@example.com"],
            cc="carl@example.org",
            bcc="secret@example.org",
            subject="Hi",
            in_reply_to="1@example.org",
            references=["0@example.org", "1@example.org"],
            list_unsubscribe=["https://example.com/u", "mailto:u@example.com"],
            list_unsubscribe_post=True,
            priority="high",
            headers={"X-Batch": ["1", "2"]},
        )
        assert mime.headers == [
            ("From", "Ann <ann@example.com>, eve@example.com"),
            ("Sender", "eve@example.com"),
            ("Reply-To", "r1@example.com, r2@example.com"),
            ("To", "bob@example.org"),
            ("Cc", "carl@example.org"),
            ("Subject", "Hi"),
            ("Date", "Sat, 21 Nov 2026 12:30:00 +0000"),
            ("Message-ID", "<17.a@example.com>"),
            ("In-Reply-To", "<1@example.org>"),
            ("References", "<0@example.org> <1@example.org>"),
            ("List-Unsubscribe", "<https://example.com/u>, <mailto:u@example.com>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("X-Priority", "1 (Highest)"),
            ("Importance", "high"),
            ("X-Batch", "1"),
            ("X-Batch", "2"),
            ("MIME-Version", "1.0"),
            ("Content-Type", 'text/plain; charset="utf-8"'),
            ("Content-Transfer-Encoding", "7bit"),
        ]

    @pytest.mark.catalogue("A39")
    @pytest.mark.parametrize("fields", [{}, {"html": "h", "attachments": FILE}, {"to": None, "cc": None}])
    def test_blind_copies_stay_blind(self, fields: dict[str, Any]) -> None:
        mime = rendered(bcc=["Hidden <secret@example.org>"], **fields)
        assert b"secret" not in bytes(mime)
        assert b"hidden" not in bytes(mime).lower()

    def test_a_priority_of_the_callers_own_wins(self) -> None:
        mime = rendered(priority="low", headers={"x-priority": "4"})
        assert [pair for pair in mime.headers if "pri" in pair[0].lower() or pair[0] == "Importance"] == [
            ("Importance", "low"),
            ("x-priority", "4"),
        ]

    def test_the_sender_is_not_repeated(self) -> None:
        assert "Sender" not in dict(rendered(sender="ann@example.com").headers)

    @pytest.mark.parametrize("missing", ["message_id", "date"])
    def test_what_the_mailer_sets_is_not_invented(self, missing: str) -> None:
        with pytest.raises(MessageInvalid, match=missing) as caught:
            rendered(**{missing: None})
        assert caught.value.field == missing

    @pytest.mark.catalogue("A1", "A5")
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("=?UTF-8?Q?x=0ABcc:_evil@x.y?=", id="A1-quoted"),
            pytest.param("=?utf-8?b?eA0KQmNjOiBlQHg=?=", id="A1-base64"),
            pytest.param("=?utf-8?q?x=0D=0A=0D=0Abody?=", id="A5-end-of-header"),
        ],
    )
    def test_no_text_becomes_a_field(self, text: str) -> None:
        mime = rendered(
            from_=Address("ann@example.com", text),
            to=Address("bob@example.org", text),
            subject=text,
            headers={"X-Note": text},
            attachments=Attachment(b"", text.replace("/", "")),
        )
        assert text.encode() not in bytes(mime)
        for policy in (email.policy.default, email.policy.compat32, email.policy.SMTP):
            again = email.message_from_bytes(email.message_from_bytes(bytes(mime), policy=policy).as_bytes())
            assert again["Bcc"] is None
            assert again.keys() == [name for name, _ in mime.headers]
        read = email.message_from_bytes(bytes(mime), policy=email.policy.default)
        assert (read["Subject"], read["X-Note"]) == (text, text)
        assert read["From"].addresses[0].display_name == text


class TestPeers:
    def test_with_8bitmime_gets_utf8_as_it_is(self) -> None:
        mime = rendered(text="Grüße\n")
        assert mime.eight_bit
        assert mime.segments == ["Grüße\r\n".encode()]

    @pytest.mark.parametrize("text", ["Viele Grüße aus Köln am Rhein\n", "日本語\n" * 5, "x" * 999, "é" * 999 + "\n"])
    def test_without_8bitmime_gets_ascii(self, text: str) -> None:
        mime = rendered(text=text, html=text, eight_bit=False)
        assert not mime.eight_bit
        assert bytes(mime).isascii()

    def test_without_smtputf8_get_no_address_that_needs_it(self) -> None:
        with pytest.raises(Unsupported, match="SMTPUTF8"):
            rendered(to="用户@example.org")

    def test_with_smtputf8_get_utf8_only_where_it_must_be(self) -> None:
        mime = rendered(to=[("Zoë", "用户@bücher.example")], subject="Grüße", utf8=True)
        assert mime.utf8
        assert ("To", "=?utf-8?q?Zo=C3=AB?= <用户@xn--bcher-kva.example>") in mime.headers
        assert not rendered(subject="Grüße", utf8=True).utf8


class TestEnds:
    """SMTP carries whole lines: what happens to a text whose last line has no end."""

    def test_a_text_alone_gets_one(self) -> None:
        assert rendered(text="Hello").segments == [b"Hello\r\n"]
        assert rendered(text="Hello\n").segments == [b"Hello\r\n"]

    def test_an_empty_text_stays_empty(self) -> None:
        assert rendered(text="").segments == []

    @pytest.mark.parametrize("text", ["Hello", "Hello\n", "Hello\n\n", "", "\n"])
    def test_a_text_among_others_stays_as_it_is(self, text: str) -> None:
        parsed = email.message_from_bytes(bytes(rendered(text=text, html="h")))
        part = list(parsed.walk())[1]
        assert part.get_payload(decode=True) == text.replace("\n", "\r\n").encode()

    def test_white_space_at_line_ends_is_kept(self) -> None:
        assert rendered(text="a \n\t\n-- \n").segments == [b"a \r\n\t\r\n-- \r\n"]


def test_the_same_message_gives_the_same_octets() -> None:
    fields: dict[str, Any] = {"text": "é", "html": "h", "attachments": [FILE, LOGO], "headers": {"X-A": "é"}}
    assert bytes(rendered(**fields)) == bytes(rendered(**fields))


@pytest.mark.catalogue("A12")
@pytest.mark.parametrize("end", ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\r", "\r\n\0.\r\n", "\n\r.\n"])
@pytest.mark.parametrize("field", ["text", "html"])
def test_no_bare_line_end_reaches_the_wire(end: str, field: str) -> None:
    octets = bytes(rendered(**{field: f"before{end}after"}, calendar="x"))
    assert octets.count(b"\r\n") == octets.count(b"\r") == octets.count(b"\n")
    assert b"\0" not in octets


def test_a_raw_message_is_sent_as_it_is() -> None:
    raw = b"From: a@example.com\r\nX: y\r\n\r\nbody\r\n"
    assert bytes(rendered(raw=raw)) == raw
    with pytest.raises(Unsupported):
        rendered(raw=raw + b"\xff", eight_bit=False)


def test_nothing_heavy_is_loaded() -> None:
    program = "import sys, mailbridge.message.mime; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"email", "dataclasses", "datetime", "ssl", "socket", "asyncio"} & set(done.stdout.split())
