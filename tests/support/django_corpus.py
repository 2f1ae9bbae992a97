"""Messages as Django's own test suite builds them, and what must be the same of them on the wire."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from email.message import EmailMessage as Mime
from email.message import Message as Part
from email.message import MIMEPart
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from email.mime.text import MIMEText
from email.utils import formataddr, getaddresses
from typing import Any, NamedTuple

import django
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.utils.functional import lazystr

Build = Callable[[], EmailMessage]
CORPUS: dict[str, Build] = {}

INVITATION = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def entry(build: Build) -> Build:
    """Add a message to the corpus by the name of the function that builds it."""
    CORPUS[build.__name__] = build
    return build


def plain(subject: Any = "Subject", body: Any = "Content\n", **options: Any) -> EmailMultiAlternatives:
    """Build a message with what every one needs."""
    return EmailMultiAlternatives(
        subject, body, options.pop("from_email", "app@example.com"), options.pop("to", ["ann@example.org"]), **options
    )


@entry
def ascii_text() -> EmailMessage:
    return EmailMessage("Subject", "Content", "from@example.com", ["to@example.com"])


@entry
def empty_body() -> EmailMessage:
    return plain(body="")


@entry
def no_body_at_all() -> EmailMessage:
    message = plain()
    message.body = None if django.VERSION >= (6, 0) else ""
    return message


@entry
def lazy_strings() -> EmailMessage:
    return plain(
        lazystr("Grüße"), lazystr("Hallo"), from_email=lazystr("app@example.com"), to=[lazystr("a@example.org")]
    )


@entry
def several_recipients() -> EmailMessage:
    return plain(to=["ann@example.org", "Bob <bob@example.org>"], cc=["cem@example.org"], bcc=["dan@example.org"])


@entry
def only_bcc() -> EmailMessage:
    return plain(to=[], bcc=["dan@example.org"])


@entry
def empty_strings_among_recipients() -> EmailMessage:
    return plain(to=["", "ann@example.org"], bcc=[""]) if django.VERSION < (6, 0) else plain()


@entry
def reply_to_several() -> EmailMessage:
    return plain(reply_to=["one@example.com", "Two <two@example.com>"])


@entry
def names_beyond_ascii() -> EmailMessage:
    return plain(
        from_email="Jörg Müller <app@example.com>", to=['"Ærøskøbing, By" <a@example.org>'], cc=["李 <l@example.org>"]
    )


@entry
def names_as_encoded_words() -> EmailMessage:
    return plain(
        from_email=formataddr(("Jörg Müller", "app@example.com")), to=[formataddr(("Zoë, Ann", "ann@example.org"))]
    )


@entry
def names_with_punctuation() -> EmailMessage:
    return plain(from_email='"Doe, John (sales)" <app@example.com>', to=["Firstname Sürname via Tool <a@example.org>"])


@entry
def domains_beyond_ascii() -> EmailMessage:
    return plain(from_email="app@bücher.example", to=["Ann <ann@пример.example>"], cc=["b@xn--bcher-kva.example"])


@entry
def subject_beyond_ascii() -> EmailMessage:
    return plain("Gżegżółka — «Ünïcödé» 日本語 " * 3)


@entry
def subject_long() -> EmailMessage:
    return plain("A rather long subject that has to be folded somewhere because it never seems to come to an end. " * 3)


@entry
def body_beyond_ascii() -> EmailMessage:
    return plain(body="Firstname Sürname is a great guy.\nщит. 日本語\n")


@entry
def body_with_long_lines() -> EmailMessage:
    return plain(body="x" * 2000 + "\nэ" * 600 + "\n")


@entry
def body_with_dots_and_from() -> EmailMessage:
    return plain(body="From the future\n.\n..two\n>From\n--=_boundary\n")


@entry
def body_with_all_line_ends() -> EmailMessage:
    return plain(body="one\r\ntwo\nthree\r\n\r\n")


@entry
def html_only() -> EmailMessage:
    message = EmailMessage("Subject", "<p>Grüße</p>\n", "app@example.com", ["ann@example.org"])
    message.content_subtype = "html"
    return message


@entry
def other_subtype() -> EmailMessage:
    message = EmailMessage("Subject", "# Title\n", "app@example.com", ["ann@example.org"])
    message.content_subtype = "markdown"
    return message


@entry
def text_and_html() -> EmailMessage:
    message = plain()
    message.attach_alternative("<p>Cöntent</p>\n", "text/html")
    return message


@entry
def html_before_text() -> EmailMessage:
    message = plain(body="<p>Content</p>\n")
    message.content_subtype = "html"
    message.attach_alternative("Content\n", "text/plain")
    return message


@entry
def alternatives_without_a_body() -> EmailMessage:
    message = plain(body="")
    message.attach_alternative("<p>Content</p>\n", "text/html")
    return message


@entry
def calendar_with_method() -> EmailMessage:
    message = plain()
    message.attach_alternative("<p>Come</p>\n", "text/html")
    message.attach_alternative(INVITATION, "text/calendar; method=REQUEST")
    return message


@entry
def calendar_without_method() -> EmailMessage:
    message = plain()
    message.attach_alternative(INVITATION, "text/calendar")
    return message


@entry
def calendar_before_html() -> EmailMessage:
    message = plain()
    message.attach_alternative(INVITATION, "text/calendar; method=REQUEST")
    message.attach_alternative("<p>Come</p>\n", "text/html")
    return message


@entry
def amp_between() -> EmailMessage:
    message = plain()
    message.attach_alternative("<html ⚡4email></html>\n", "text/x-amp-html")
    message.attach_alternative("<p>Content</p>\n", "text/html")
    return message


@entry
def two_html_forms() -> EmailMessage:
    message = plain()
    message.attach_alternative("<p>one</p>\n", "text/html")
    message.attach_alternative("<p>two</p>\n", "text/html")
    return message


@entry
def alternative_of_octets() -> EmailMessage:
    message = plain()
    message.attach_alternative(PNG, "image/png")
    return message


@entry
def attached_text_and_octets() -> EmailMessage:
    message = plain()
    message.attach("notes.txt", "Nötes\n", "text/plain")
    message.attach("data.csv", b"a,b\n1,2\n", "text/csv")
    message.attach("logo.png", PNG, "image/png")
    message.attach("unknown", b"\x00\xff", None)
    return message


@entry
def attachment_alone() -> EmailMessage:
    return plain(body="", attachments=[("logo.png", PNG, "image/png")])


@entry
def attached_text_that_is_none() -> EmailMessage:
    message = plain()
    message.attach("file.txt", b"\xff", "text/plain")
    return message


@entry
def attachments_of_one_name() -> EmailMessage:
    return plain(attachments=[("same.bin", b"one", "application/x-one"), ("same.bin", b"two", "application/x-two")])


@entry
def attachment_with_name_beyond_ascii() -> EmailMessage:
    return plain(attachments=[("une pièce jointe.pdf", b"file contents", "application/pdf")])


@entry
def attachment_with_a_path_for_a_name() -> EmailMessage:
    return plain(attachments=[("folder/file.bin", b"contents", "application/octet-stream")])


@entry
def forms_and_files() -> EmailMessage:
    message = plain(attachments=[("an attachment.pdf", b"%PDF-1.4.%...", "application/pdf")])
    message.attach_alternative("<p>This is an <strong>important</strong> message.</p>\n", "text/html")
    return message


@entry
def attached_django_message() -> EmailMessage:
    inner = EmailMessage("Inner", "Inner text\n", "in@example.com", ["to@example.org"], headers=FIXED)
    return plain(attachments=[("inner.eml", inner, "message/rfc822")])


@entry
def attached_parsed_message() -> EmailMessage:
    inner = email.message_from_bytes(b"From: a@b.example\nSubject: Inner\n\nText\n", policy=email.policy.default)
    return plain(attachments=[("inner.eml", inner, "message/rfc822")])


@entry
def attached_message_as_text() -> EmailMessage:
    return plain(attachments=[("inner.eml", "From: a@b.example\nSubject: Inner\n\nText\n", "message/rfc822")])


@entry
def inline_image_of_the_html() -> EmailMessage:
    message = plain()
    message.attach_alternative('<img src="cid:logo@example.com">\n', "text/html")
    message.attach(_image("<logo@example.com>", "inline"))
    return message


@entry
def image_with_an_id_nobody_shows() -> EmailMessage:
    message = plain()
    message.attach(_image("<logo@example.com>", "attachment"))
    return message


def _image(content_id: str, disposition: str) -> Any:
    if django.VERSION < (6, 0):
        image: Part = MIMEImage(PNG, "png")
        image["Content-ID"] = content_id
        image.add_header("Content-Disposition", disposition, filename="logo.png")
        return image
    part = MIMEPart(policy=email.policy.default)
    part.set_content(PNG, maintype="image", subtype="png", disposition=disposition, filename="logo.png", cid=content_id)
    return part


@entry
def part_with_headers_of_its_own() -> EmailMessage:
    image = _image("<logo@example.com>", "attachment")
    image["Content-Description"] = "The logo"
    message = plain()
    message.attach(image)
    return message


@entry
def part_of_text_in_another_charset() -> EmailMessage:
    message = plain()
    if django.VERSION < (6, 0):
        message.attach(MIMEText("Grüße\n", "plain", "iso-8859-1"))
        return message
    part = MIMEPart(policy=email.policy.default)
    part.set_content("Grüße\n", charset="iso-8859-1", disposition="attachment", filename="a.txt")
    message.attach(part)
    return message


@entry
def part_with_parts() -> EmailMessage:
    message = plain()
    if django.VERSION < (6, 0):
        legacy = MIMEBase("multipart", "mixed")
        legacy.attach(MIMEText("inside\n"))
        message.attach(legacy)
        return message
    part = Mime(policy=email.policy.default)
    part.set_content("inside\n")
    part.make_mixed()
    del part["MIME-Version"]
    message.attach(part)
    return message


FIXED = {"Date": "Fri, 09 Nov 2001 01:08:47 +0000", "Message-ID": "<fixed@example.com>"}


@entry
def date_and_id_given() -> EmailMessage:
    return plain(headers=FIXED)


@entry
def date_without_a_zone() -> EmailMessage:
    return plain(headers={"Date": "Fri, 09 Nov 2001 01:08:47 -0000"})


@entry
def id_of_another_kind() -> EmailMessage:
    return plain(headers={"Message-ID": "foo"})


@entry
def from_header_apart() -> EmailMessage:
    return plain(from_email="bounce@example.com", headers={"From": "Shöp <shop@example.com>"})


@entry
def sender_header() -> EmailMessage:
    return plain(headers={"From": "author@example.com", "Sender": "Desk <desk@example.com>"})


@entry
def to_header_apart() -> EmailMessage:
    return plain(headers={"To": "mailing-list@example.com, other@example.com", "Cc": "cc@example.com"})


@entry
def reply_to_header() -> EmailMessage:
    return plain(reply_to=["foo@example.com"], headers={"Reply-To": "override@example.com"})


@entry
def list_headers() -> EmailMessage:
    links = "<https://example.com/u?id=1>, <mailto:u@example.com>"
    return plain(headers={"List-Unsubscribe": links, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"})


@entry
def threading_headers() -> EmailMessage:
    return plain(headers={"In-Reply-To": "<a@example.com>", "References": "<a@example.com> <b@example.com>"})


@entry
def further_headers() -> EmailMessage:
    return plain(
        headers={"X-Tags": "one, two", "X-Number": "5", "Precedence": "bulk", "X-Grüße".encode("idna").decode(): "ä"}
    )


@entry
def header_with_encoded_words() -> EmailMessage:
    return plain("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", headers={"X-Note": "=?utf-8?q?=C3=BC?="})


@entry
def header_of_the_content() -> EmailMessage:
    return plain(headers={"Content-Language": "de"})


@entry
def encoding_latin1() -> EmailMessage:
    message = EmailMessage("Gruß", "Firstname Sürname\n", "app@example.com", ["ann@example.org"])
    message.encoding = "iso-8859-1"
    return message


class Signed(EmailMessage):
    """A message that has its own way to be rendered."""

    def message(self, **options: Any) -> Any:
        made = super().message(**options)
        made["X-Signature"] = "signed"
        return made


@entry
def subclass_with_message() -> EmailMessage:
    return Signed("Subject", "Content\n", "app@example.com", ["ann@example.org"], bcc=["dan@example.org"])


class Leaf(NamedTuple):
    """One part without parts, as a mail program sees it."""

    kind: str
    parameters: tuple[tuple[str, str], ...]
    disposition: str | None
    filename: str | None
    content_id: str | None
    content: str | bytes


def headers_of(data: bytes) -> list[tuple[str, str]]:
    """Return what a reader sees of the header, sorted; without what each sender makes afresh."""
    parsed = email.message_from_bytes(data, policy=email.policy.default)
    return sorted(
        (name.lower(), _value(name.lower(), value))
        for name, value in parsed.items()
        if not name.lower().startswith("content-t") and name.lower() != "mime-version"
    )


def _value(name: str, value: Any) -> str:
    if name in ("from", "to", "cc", "reply-to", "sender"):
        return ", ".join(f"{title} <{address}>" for title, address in getaddresses([str(value)]))
    text = " ".join(str(value).split())
    if (name == "date" and "2001" not in text) or (name == "message-id" and text not in ("foo", FIXED["Message-ID"])):
        return "made afresh"
    return text


def leaves_of(data: bytes) -> list[Leaf]:
    """Return the parts, sorted as they are written."""
    parsed = email.message_from_bytes(data, policy=email.policy.default)
    return [
        _leaf(part) for part in parsed.walk() if not part.is_multipart() and part.get_content_maintype() != "message"
    ]


def shape_of(data: bytes) -> list[str]:
    """Return the types of the parts that have several parts, outermost first: one of one part is that part."""
    parsed = email.message_from_bytes(data, policy=email.policy.default)
    return [part.get_content_type() for part in parsed.walk() if len(part.get_payload()) > 1 and part.is_multipart()]


def _leaf(part: Any) -> Leaf:
    content: str | bytes = part.get_payload(decode=True)
    charset = part.get_content_charset("ascii") if part.get_content_maintype() == "text" else None
    if charset:
        content = content.decode(charset).replace("\r\n", "\n").rstrip("\n")
    parameters = tuple(
        sorted((name, value) for name, value in part.get_params([])[1:] if name not in ("charset", "name"))
    )
    return Leaf(
        part.get_content_type(),
        parameters,
        part.get_content_disposition() or "inline",  # which is what readers take it for (RFC 2183 section 2)
        part.get_filename(),
        part["Content-ID"] and str(part["Content-ID"]),
        content,
    )
