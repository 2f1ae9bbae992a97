"""The parts of a message: which shapes are taken apart, and which are a loss."""

from __future__ import annotations

from typing import Any

import pytest

from mailbridge.errors import MessageInvalid
from mailbridge.message.alternative import Alternative
from mailbridge.message.attachment import Attachment
from mailbridge.message.parse.body import Body
from mailbridge.message.parse.loss import Loss
from mailbridge.message.parse.part import Part

TEXT = "Content-Type: text/plain; charset=utf-8\n\nHällo\n"
HTML = "Content-Type: text/html; charset=utf-8\n\n<p>Hällo\n"
AMP = "Content-Type: text/x-amp-html; charset=utf-8\n\n<html amp4email>\n"
CALENDAR = "Content-Type: text/calendar; charset=utf-8; method=CANCEL\n\nMETHOD:CANCEL\n"
MARKDOWN = "Content-Type: text/markdown; charset=utf-8\n\n# Hi\n"
LOGO = "Content-Type: image/gif\nContent-ID: <logo>\nContent-Transfer-Encoding: base64\n\nR0lG\n"
PDF = 'Content-Type: application/pdf; name="a.pdf"\nContent-Disposition: attachment; filename="a.pdf"\n\n%PDF'
CSV = (
    "Content-Type: text/csv\nContent-Disposition: attachment; filename=a.csv\n"
    "Content-Transfer-Encoding: quoted-printable\n\n1=3B2"
)
MAIL = "Content-Type: message/rfc822\n\nFrom: x@y.z\nSubject: inner\n\nInner"

LOGO_FILE = Attachment(b"GIF", content_type="image/gif", inline=True, content_id="logo")
PDF_FILE = Attachment(b"%PDF", "a.pdf")
CSV_FILE = Attachment(b"1;2", "a.csv")


def several(kind: str, *parts: str, parameters: str = "") -> str:
    """Write a multipart."""
    edge = f"={kind}="
    inner = "".join(f"--{edge}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{edge}"{parameters}\n\n{inner}--{edge}--\n'


def body(raw: str | bytes) -> dict[str, Any]:
    """Read a body, header and all."""
    octets = raw if isinstance(raw, bytes) else raw.encode()
    return Body(Part(octets, root=True)).arguments


class TestShapes:
    @pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
    @pytest.mark.parametrize(
        ("raw", "said"),
        [
            (TEXT, {"text": "Hällo\n"}),
            (HTML, {"html": "<p>Hällo\n"}),
            ("\nplain\n", {"text": "plain\n"}),
            (several("alternative", TEXT, HTML), {"text": "Hällo\n", "html": "<p>Hällo\n"}),
            (several("alternative", HTML), {"html": "<p>Hällo\n"}),
            (several("mixed", TEXT), {"text": "Hällo\n"}),
            (several("mixed", PDF, CSV), {"attachments": [PDF_FILE, CSV_FILE]}),
            (several("mixed", TEXT, PDF, CSV), {"text": "Hällo\n", "attachments": [PDF_FILE, CSV_FILE]}),
            (several("related", HTML, LOGO), {"html": "<p>Hällo\n", "attachments": [LOGO_FILE]}),
            (
                several(
                    "related", several("alternative", TEXT, HTML), LOGO, parameters='; type="multipart/alternative"'
                ),
                {"text": "Hällo\n", "html": "<p>Hällo\n", "attachments": [LOGO_FILE]},
            ),
            (
                several(
                    "mixed", several("alternative", TEXT, AMP, several("related", HTML, LOGO), MARKDOWN, CALENDAR), PDF
                ),
                {
                    "text": "Hällo\n",
                    "amp": "<html amp4email>\n",
                    "html": "<p>Hällo\n",
                    "calendar": "METHOD:CANCEL\n",
                    "method": "CANCEL",
                    "alternatives": [Alternative("# Hi\n", "text/markdown")],
                    "attachments": [LOGO_FILE, PDF_FILE],
                },
            ),
        ],
    )
    def test_a_body_then_files(self, raw: str, said: dict[str, Any], line_end: str) -> None:
        assert body(raw.replace("\n", line_end)) == said

    @pytest.mark.parametrize(
        "raw",
        [
            several("alternative", HTML, TEXT),
            several("alternative", TEXT, TEXT),
            several("alternative", TEXT, PDF),
            several("alternative", MARKDOWN),
            several("mixed", TEXT, TEXT),
            several("mixed", TEXT, HTML, PDF),
            several("mixed", PDF, TEXT),
            several("mixed", TEXT, several("mixed", PDF)),
            several("mixed", several("mixed", TEXT)),
            several("signed", TEXT, PDF),
            several("encrypted", TEXT, PDF),
            several("report", TEXT, PDF),
            several("digest", MAIL),
            several("related", TEXT, LOGO),
            several("related", HTML, PDF),
            several("related", HTML, LOGO, parameters="; start=<logo>"),
            several("related", several("related", HTML, LOGO), LOGO),
            several("mixed"),
            several("mixed", TEXT)[:-12],
            several("mixed", TEXT, parameters="; x-sign=1"),
            several("alternative", several("alternative", TEXT)),
            "Content-Disposition: attachment; filename=x\n" + several("mixed", TEXT),
            "Content-ID: <x>\n" + several("mixed", TEXT),
            "Content-Language: de\n" + TEXT,
            MARKDOWN,
            PDF,
            LOGO,
            MAIL,
        ],
    )
    def test_any_other_shape_is_a_loss(self, raw: str) -> None:
        with pytest.raises(Loss):
            body(raw)


class TestTexts:
    @pytest.mark.parametrize(
        ("raw", "text"),
        [
            (b"Content-Type: text/plain; charset=iso-8859-1\n\n\xfc", "ü"),
            (
                b"Content-Transfer-Encoding: quoted-printable\nContent-Type: text/plain; charset=utf-8\n\n=C3=BC=\nx",
                "üx",
            ),
            (b"Content-Transfer-Encoding: BASE64\nContent-Type: text/plain; charset=utf-8\n\nw7w=\n", "ü"),
            (b"Content-Disposition: inline\n\na\r\nb\rc\n", "a\nb\rc\n"),
        ],
    )
    def test_they_are_decoded(self, raw: bytes, text: str) -> None:
        assert body(raw) == {"text": text}

    @pytest.mark.parametrize(
        "raw",
        [
            b"Content-Type: text/plain; charset=utf-8\n\n\xfc",
            b"Content-Type: text/plain; charset=klingon\n\nx",
            b"\n\xc3\xbc",
            b"Content-Type: text/plain; format=flowed\n\nx",
            b"Content-Type: text/plain; charset=utf-8; charset=ascii\n\nx",
            b"Content-Type: text/plain\nContent-Type: text/html\n\nx",
            b"Content-Type: nonsense; charset\n\nx",
            b"Content-Type: text/plain (a text)\n\nx",
            b"Content-ID: <x>\n\nx",
            b"Content-Transfer-Encoding: x-uuencode\n\nx",
            b"Content-Transfer-Encoding: base64\n\n!!!",
            b"Content-Disposition: attachment\n\nx",
            b"Content-Disposition: inline; filename=x\n\nx",
            b"Content-Disposition: form-data\n\nx",
        ],
    )
    def test_what_cannot_be_decoded_for_sure_is_a_loss(self, raw: bytes) -> None:
        with pytest.raises(Loss):
            body(raw)

    def test_a_calendar_without_a_method_is_another_form(self) -> None:
        raw = several("alternative", TEXT, CALENDAR.replace("; method=CANCEL", ""))
        assert body(raw)["alternatives"] == [Alternative("METHOD:CANCEL\n", "text/calendar")]


class TestFiles:
    @pytest.mark.parametrize(
        ("raw", "file"),
        [
            (PDF, PDF_FILE),
            (CSV, CSV_FILE),
            (PDF.replace("attachment", "inline"), Attachment(b"%PDF", "a.pdf", disposition="inline")),
            (LOGO, Attachment(b"GIF", content_type="image/gif", content_id="logo")),
            ('Content-Type: image/x; name="=?utf-8?q?=C3=BC?="; a=b\n\nx', Attachment(b"x", "ü", "image/x; a=b")),
            (
                "Content-Type: text/plain\nContent-Disposition: attachment; filename*=utf-8''%C3%BC.txt\n\nx",
                Attachment(b"x", "ü.txt", "text/plain"),
            ),
            (
                MAIL.replace("rfc822", "delivery-status"),
                Attachment(MAIL.partition("\n\n")[2].encode(), None, "message/delivery-status"),
            ),
            (MAIL, Attachment.from_message(b"From: x@y.z\nSubject: inner\n\nInner")),
        ],
    )
    def test_they_are_kept_octet_for_octet(self, raw: str, file: Attachment) -> None:
        assert body(several("mixed", TEXT, raw))["attachments"] == [file]

    def test_an_attached_message_is_kept_as_it_stands(self) -> None:
        head = "From:  x@y.z\nSubject: =?utf-8?q?a?=\n b\nX-Long: " + "x " * 200 + "\n"
        inner = (head + several("mixed", TEXT, PDF)).replace("\n", "\r\n")
        raw = several("mixed", TEXT, "Content-Type: message/rfc822\n\n").replace("\n", "\r\n").encode()
        edge = raw.rindex(b"\r\n--=mixed=--")
        raw = raw[:edge].replace(b"=mixed=", b"=outer=") + inner.encode() + raw[edge:].replace(b"=mixed=", b"=outer=")
        assert body(raw)["attachments"] == [Attachment.from_message(inner.encode())]

    @pytest.mark.parametrize(
        "raw",
        [
            PDF.replace('name="a.pdf"', 'name="b.pdf"', 1),
            PDF.replace('"a.pdf"', '"dir/a.pdf"'),
            PDF.replace("attachment;", "attachment; size=4;"),
            "Content-Description: x\n" + PDF,
            "X-Attachment-Id: x\n" + PDF,
            "Content-Transfer-Encoding: base64\n" + MAIL,
            several("mixed", PDF),
        ],
    )
    def test_what_has_no_field_is_a_loss(self, raw: str) -> None:
        with pytest.raises(Loss):
            body(several("mixed", TEXT, raw))

    @pytest.mark.catalogue("A4")
    @pytest.mark.parametrize("name", ["annexe\u202egpj.exe", "x" * 300, ".."])
    def test_a_misleading_name_is_refused(self, name: str) -> None:
        with pytest.raises(MessageInvalid):
            body(several("mixed", TEXT, PDF.replace("a.pdf", name)))
