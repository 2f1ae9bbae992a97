"""A captured mail answers what a test asks of it."""

from __future__ import annotations

import copy
import pickle
import re
import stat
import webbrowser
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.mails import mail, message

from mailbridge.errors import ConfigError, MessageInvalid, RateLimited
from mailbridge.message.address import Address
from mailbridge.message.attachment import Attachment
from mailbridge.message.message import Message
from mailbridge.testing import NotInMail, SentMail
from mailbridge.testing.mail.browsing import page
from mailbridge.testing.mail.contents import contents

WIRE = b"From: app@example.com\r\nTo: Ann <ann@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n"

SIGNED = (  # what no `Message` can say without loss, so that the bytes are kept
    b"From: app@example.com\r\nTo: ann@example.org\r\nSubject: Signed\r\nDKIM-Signature: v=1; b=abc\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
    b"--c\r\nContent-Type: text/plain; charset=iso-8859-1; format=flowed\r\n\r\nGr\xfc\xdfe\r\n"
    b"--c\r\nContent-Type: text/html; charset=nonsense\r\n\r\n<a href=https://example.com/1>Go</a>\r\n--c--\r\n"
    b'--b\r\nContent-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
    b"Content-Disposition: attachment; filename==?utf-8?q?Gr=C3=BC=C3=9Fe=2Epdf?=\r\n\r\neHg=\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninside\r\n--b--\r\n"
)

SPLINTERS = [
    b"", b"\r\n", b"--b\r\n", b"--c--\r\n", b"\0", b"\xff", b'"', b";", b"=", b"*", b"charset=utf-16", b"charset=rot13",
    b"inline", b"filename*1=a", b"filename*=''", b"=?utf-8?q?=FF?=", b"x-uuencode", b"message/rfc822", b"multipart/",
    b"text/html",
]  # fmt: skip


class TestFields:
    def test_every_field_of_the_message_is_at_hand(self) -> None:
        given = message(tags=["welcome"], metadata={"user": 7}, bcc="bob@example.org")
        sent = SentMail(given)
        for name in Message._fields():
            if name != "raw":
                assert getattr(sent, name) == getattr(given, name), name
        assert sent.recipients == given.recipients

    def test_every_field_is_declared_for_type_checkers(self) -> None:
        source = Path(__import__("mailbridge.testing.sent", fromlist=["x"]).__file__).read_text()
        declared = set(re.findall(r"^        (\w+): ", source, re.MULTILINE)) | {"text", "html", "attachments", "raw"}
        assert set(Message._fields()) <= declared

    def test_what_is_not_there_is_an_attribute_error(self) -> None:
        with pytest.raises(AttributeError, match="a mail has no 'subjct'"):
            mail().subjct  # noqa: B018

    def test_completion_lists_what_is_there(self) -> None:
        assert {"subject", "links", "metadata"} <= set(dir(mail()))

    def test_copies_and_pickles_say_the_same(self) -> None:
        sent = mail(text="Code: 123456")
        for twin in (copy.copy(sent), copy.deepcopy(sent), pickle.loads(pickle.dumps(sent))):  # noqa: S301
            assert (twin.subject, twin.code(r"\d+")) == ("Hi", "123456")


class TestRepr:
    def test_it_is_one_line_that_identifies_it(self) -> None:
        sent = mail(to=["ann@example.org", "bob@example.org"], text="x", html="y", attachments=Attachment(b"", "a.pdf"))
        assert repr(sent) == "<SentMail 'Hi' to ann@example.org (+1) via default: text, html, 1 file>"

    def test_a_sensitive_subject_is_hidden(self) -> None:
        assert repr(mail(sensitive=True)) == "<SentMail <hidden> to ann@example.org via default: empty>"

    def test_it_names_the_template_that_stands_for_the_content(self) -> None:
        assert repr(mail(template="t-1")) == "<SentMail 'Hi' to ann@example.org via default: template t-1>"

    def test_it_says_what_became_of_it(self) -> None:
        assert "failed: RateLimited" in repr(SentMail(message(), error=RateLimited("slow down")))
        assert repr(SentMail(message(), mailer="bulk", queued=True)).endswith("via bulk: empty queued>")


class TestRaw:
    def test_it_is_what_smtp_puts_on_the_wire(self) -> None:
        raw = mail(subject="Grüße", text="Hello", bcc="bob@example.org").raw
        parsed = message_from_bytes(raw)
        assert parsed["To"] == "ann@example.org"
        assert parsed["Subject"] == "=?utf-8?b?R3LDvMOfZQ==?="
        assert b"bob" not in raw
        assert raw.endswith(b"\r\n\r\nHello\r\n")

    def test_what_was_caught_is_kept_octet_for_octet(self) -> None:
        assert SentMail.from_bytes(WIRE).raw == WIRE

    def test_message_id_and_date_are_those_of_the_message(self) -> None:
        sent = mail(message_id="<1@example.com>", date=datetime(2026, 11, 22, tzinfo=UTC))
        assert sent.header("message-id") == "<1@example.com>"
        assert sent.header("Date") == "Sun, 22 Nov 2026 00:00:00 +0000"

    def test_addresses_beyond_ascii_are_written_as_smtputf8_has_them(self) -> None:
        assert "To: ännchen@example.org".encode() in mail(to="ännchen@example.org").raw

    def test_header_fields_are_decoded_and_in_order(self) -> None:
        sent = mail(subject="Grüße", headers={"X-Batch": "7"})
        assert [name for name, _ in sent.header_fields] == [
            "From", "To", "Subject", "Date", "Message-ID", "X-Batch", "MIME-Version",
            "Content-Type", "Content-Transfer-Encoding",
        ]  # fmt: skip
        assert (sent.header("subject"), sent.header("x-batch"), sent.header("X-None")) == ("Grüße", "7", None)


class TestFromBytes:
    def test_it_is_read_off_the_wire(self) -> None:
        sent = SentMail.from_bytes(WIRE)
        assert sent.header_fields[0] == ("From", "app@example.com")
        assert sent.header("subject") == "Grüße"
        assert (sent.subject, sent.text, sent.to) == ("Grüße", "Hello\n", (Address("ann@example.org", "Ann"),))

    def test_who_is_only_in_the_envelope_is_a_blind_copy(self) -> None:
        sent = SentMail.from_bytes(
            WIRE, sender="bounces@example.com", recipients=["Ann@example.org", "bob@example.org"]
        )
        assert sent.bcc == (Address("bob@example.org"),)
        assert sent.envelope.sender == Address("bounces@example.com")
        assert [each.addr_spec for each in sent.recipients] == ["Ann@example.org", "bob@example.org"]

    @pytest.mark.parametrize("sender", [None, "", "<>"])
    def test_the_null_sender_is_said_in_three_ways(self, sender: str | None) -> None:
        assert SentMail.from_bytes(WIRE, sender=sender, recipients="ann@example.org").envelope.sender is None

    def test_what_is_no_message_is_refused(self) -> None:
        with pytest.raises(MessageInvalid):
            SentMail.from_bytes(b"no header at all", recipients="ann@example.org")

    def test_bytes_that_cannot_be_taken_apart_are_read_all_the_same(self) -> None:
        sent = SentMail.from_bytes(SIGNED)
        assert sent.message.raw == SIGNED
        assert sent.text == "Grüße"
        assert sent.link("Go") == "https://example.com/1"
        assert sent.attachment("Grüße.pdf").bytes == b"xx"
        assert [each.mime_type for each in sent.attachments] == ["application/pdf", "message/rfc822"]
        assert b"inside" in sent.attachments[1].content

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.integers(0, len(SIGNED)), st.integers(0, 30), st.sampled_from(SPLINTERS)), max_size=4))
    @example([(SIGNED.index(b"; format"), 0, b"\0")])
    @example([(SIGNED.index(b"=?utf-8"), 0, b"; filename*0*=utf-8''a; filename*=b")])
    @example([(SIGNED.index(b"boundary=b"), 10, b"boundary*0*=b; boundary*=b")])
    @example([(SIGNED.index(b"nonsense"), 8, b"idna")])
    def test_bytes_that_were_damaged_are_read_or_refused(self, damages: list[tuple[int, int, bytes]]) -> None:
        raw = SIGNED
        for place, length, splinter in damages:
            raw = raw[:place] + splinter + raw[place + length :]
        try:
            sent = SentMail.from_bytes(raw)
        except MessageInvalid:
            return
        assert isinstance(sent.links, list)
        assert sent.snapshot().encode()
        assert repr(sent).startswith("<SentMail ")

    @settings(deadline=None)
    @given(st.binary(max_size=300))
    def test_any_body_can_be_read(self, body: bytes) -> None:
        head = b"From: a@example.com\r\nTo: b@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        read = contents(message(raw=head + body.replace(b"|", b"\r\n--b\r\n")))
        assert isinstance(read.attachments, tuple)


class TestCode:
    def test_it_is_found_in_the_plain_form(self) -> None:
        assert mail(text="Your code: 123456.", html="<p>654321</p>").code(r"\d{6}") == "123456"

    def test_a_group_is_what_is_returned(self) -> None:
        assert mail(text="Your code: 12-34").code(r"code: (\S+)") == "12-34"

    def test_otherwise_in_what_the_html_shows(self) -> None:
        sent = mail(html="<style>a{color:#999999}</style><p id='111111'>Code <b>12</b><i>3456</i></p>")
        assert sent.code(r"\d{6}") == "123456"

    def test_what_is_not_there_shows_the_text(self) -> None:
        with pytest.raises(NotInMail) as caught:
            mail(text="Hello,\nAnn").code(r"\d{6}")
        assert str(caught.value) == "Nothing in the mail matches '\\\\d{6}'; it says:\n  Hello,\n  Ann"

    def test_of_a_sensitive_mail_the_text_is_not_shown(self) -> None:
        with pytest.raises(NotInMail) as caught:
            mail(text="Hello, Ann", sensitive=True).code(r"\d{6}")
        assert caught.value.found == ("(hidden, for the message is sensitive: 10 characters)",)

    def test_it_is_an_assertion_error_that_survives_pickling(self) -> None:
        with pytest.raises(AssertionError) as caught:
            mail().code("x")
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301


class TestSelect:
    HTML = '<table><tr><td class="a b"><a class="btn" href="/?x=1&amp;y=2">Go <b>on</b></a></td></tr></table>'

    def test_elements_are_found_by_css(self) -> None:
        [found] = mail(html=self.HTML).select("td.b > a.btn[href]")
        assert (found.name, found["href"], found.text) == ("a", "/?x=1&y=2", "Go on")
        assert found.html == '<a class="btn" href="/?x=1&amp;y=2">Go <b>on</b></a>'
        assert mail(html=self.HTML).select("td")[0].get("class") == "a b"

    def test_attributes_that_are_not_there(self) -> None:
        [found] = mail(html=self.HTML).select("b")
        assert (found.get("id"), found.get("id", "none")) == ("", "none")
        with pytest.raises(KeyError):
            found["id"]

    def test_without_html_there_is_nothing_to_find(self) -> None:
        assert mail(text="x").select("a") == []

    def test_what_is_no_selector_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"^'a\[' is no CSS selector: "):
            mail(html=self.HTML).select("a[")

    def test_without_its_extra_the_error_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "bs4", None)
        with pytest.raises(ConfigError) as caught:
            mail(html=self.HTML).select("a")
        assert caught.value.hints == (
            "Install it with the extra testing: pip install '.[testing]' in mailbridge's directory.",
        )

    @pytest.mark.parametrize(
        "html", ["<![if !mso]><b>x</b><![endif]>", "<?xml version='1.0'?><b>x</b>", "<![foo[<b>x</b>"]
    )
    def test_odd_html_is_read_as_browsers_do(self, html: str) -> None:
        assert [each.text for each in mail(html=html).select("b")] in (["x"], [])

    @settings(deadline=None)
    @given(st.text("<>![]/a='\" &;-", max_size=60))
    def test_no_html_is_too_broken(self, html: str) -> None:
        assert isinstance(mail(html=html).select("a"), list)


class TestAttachment:
    FILES = (Attachment("a;b", "report.csv"), Attachment(b"GIF89a", "logo.gif", inline=True, content_id="logo"))

    def test_it_is_found_by_name_or_pattern(self) -> None:
        sent = mail(html="<img src=cid:logo>", attachments=self.FILES)
        assert sent.attachment("report.csv").text == "a;b"
        logo = sent.attachment(re.compile("gif$"))
        assert (logo.name, logo.bytes, logo.mime_type, logo.content_id, logo.inline) == (
            "logo.gif", b"GIF89a", "image/gif", "logo", True,
        )  # fmt: skip

    def test_the_only_one_needs_no_name(self) -> None:
        assert mail(attachments=self.FILES[0]).attachment().attachment is self.FILES[0]

    def test_what_is_not_there_names_what_is(self) -> None:
        with pytest.raises(NotInMail) as caught:
            mail(attachments=self.FILES[0]).attachment("report.pdf")
        assert str(caught.value) == (
            "The mail has no file 'report.pdf'; its files are:\n  'report.csv'  text/csv, 3 bytes"
        )

    def test_two_of_a_name_are_too_many(self) -> None:
        with pytest.raises(NotInMail, match="has 2 files ''"):
            mail(html="", attachments=self.FILES).attachment()


class Browser(webbrowser.BaseBrowser):
    opened: ClassVar[list[str]] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.opened.append(url)
        return True


class TestBrowser:
    def test_the_page_is_written_and_opened(self) -> None:
        opened: list[str] = []
        sent = mail(html="<img src='cid:logo'><script>x</script>", subject="<Hi>", attachments=TestAttachment.FILES)
        path = sent.open_in_browser(opened.append)
        try:
            page = path.read_text(encoding="utf-8")
            assert opened == [path.as_uri()]
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        finally:
            path.unlink()
        assert "src='data:image/gif;base64,R0lGODlh'" in page
        assert "<td>&lt;Hi&gt;</td>" in page
        assert "script-src 'none'" in page

    def test_without_an_opener_it_is_the_desktops(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(webbrowser, "_tryorder", ["ours"])
        monkeypatch.setattr(webbrowser, "_browsers", {"ours": [None, Browser()]})
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        path = mail(text="Hi").open_in_browser()
        assert Browser.opened == [path.as_uri()]

    def test_a_text_is_shown_as_it_is(self) -> None:
        path = mail(text="1 < 2").open_in_browser(lambda url: None)
        try:
            assert "<pre>1 &lt; 2</pre>" in path.read_text(encoding="utf-8")
        finally:
            path.unlink()


def test_a_subject_cannot_end_the_title_of_the_page() -> None:
    assert "</title><img" not in page(mail(subject="</title><img src=x>", text="Hi"))
