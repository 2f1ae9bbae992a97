"""Files travel as the octets they are; attached messages unencoded."""

from __future__ import annotations

import pytest

from mailbridge.errors import MessageInvalid, Unsupported
from mailbridge.message.attachment import Attachment
from mailbridge.message.mime.contents import file_part, octets_part, text_part


def test_a_file_is_base64_with_its_name() -> None:
    part = file_part(Attachment(b"abc", "a.pdf"), eight_bit=True)
    assert part.fields == (
        "Content-Type: application/pdf\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        'Content-Disposition: attachment; filename="a.pdf"\r\n',
    )
    assert part.body == [b"YWJj\r\n"]


def test_an_inline_file_has_its_content_id() -> None:
    part = file_part(Attachment(b"abc", "a.png", inline=True, content_id="logo"), eight_bit=True)
    assert part.fields[2:] == ('Content-Disposition: inline; filename="a.png"\r\n', "Content-ID: <logo>\r\n")


def test_a_text_file_keeps_its_line_ends() -> None:
    assert file_part(Attachment(b"a\nb\r", "a.txt"), eight_bit=True).body == [b"YQpiDQ==\r\n"]


def test_a_file_of_many_messages_is_encoded_once() -> None:
    file = Attachment(b"x" * 200_000, "a.bin")
    first, second = file_part(file, eight_bit=True), file_part(file, eight_bit=False)
    assert len(first.body) > 1
    assert all(a is b for a, b in zip(first.body, second.body, strict=True))


@pytest.mark.catalogue("A1")
def test_a_type_whose_parameter_looks_encoded_is_encoded() -> None:
    part = file_part(Attachment(b"", "a.txt", 'text/plain; x="=?utf-8?q?z?="; y=1'), eight_bit=True)
    assert part.fields[0] == "Content-Type: text/plain; x*=utf-8''%3D%3Futf-8%3Fq%3Fz%3F%3D; y=\"1\"\r\n"


def test_a_long_type_is_folded() -> None:
    part = file_part(Attachment(b"", "a.txt", f'text/plain; x="{"word " * 10}"; y={"z" * 60}'), eight_bit=True)
    assert part.fields[0] == f'Content-Type: text/plain;\r\n x="{"word " * 10}";\r\n y="{"z" * 60}"\r\n'


class TestAttachedMessage:
    MESSAGE = b"Subject: x\nTo: a@example.com\n\nbody\n"

    def test_is_7bit_with_crlf(self) -> None:
        part = file_part(Attachment.from_message(self.MESSAGE), eight_bit=False)
        assert (part.encoding, part.body) == ("7bit", [self.MESSAGE.replace(b"\n", b"\r\n")])

    def test_is_8bit_when_it_must_be(self) -> None:
        part = file_part(Attachment.from_message("Subject: x\n\nGrüße\n".encode()), eight_bit=True)
        assert part.encoding == "8bit"
        assert part.eight_bit

    def test_is_refused_when_the_peer_lacks_8bitmime(self) -> None:
        with pytest.raises(Unsupported, match="8BITMIME") as caught:
            file_part(Attachment.from_message("Subject: x\n\nGrüße\n".encode(), "a.eml"), eight_bit=False)
        assert (caught.value.feature, caught.value.field) == ("8bitmime", "attachments")

    @pytest.mark.parametrize("body", [b"x" * 999, b"a\0b"])
    def test_is_refused_when_it_cannot_travel_unencoded(self, body: bytes) -> None:
        with pytest.raises(MessageInvalid, match=r"application/octet-stream") as caught:
            file_part(Attachment.from_message(b"Subject: x\n\n" + body), eight_bit=True)
        assert caught.value.field == "attachments"


def test_a_text_says_its_charset() -> None:
    assert text_part("a\n", "text/html", eight_bit=True).fields == (
        'Content-Type: text/html; charset="utf-8"\r\n',
        "Content-Transfer-Encoding: 7bit\r\n",
    )


def test_octets_are_base64() -> None:
    assert octets_part(b"\xff", "text/plain; charset=latin-1").body == [b"/w==\r\n"]
