"""Attachments: content, names, types, ids."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import MessageInvalid
from mailbridge.message.attachment import FILENAME_LIMIT, Attachment


class TestContent:
    @given(st.binary())
    def test_bytes_are_kept(self, content: bytes) -> None:
        for given_as in (content, bytearray(content), memoryview(content), memoryview(content)[::1]):
            assert Attachment(given_as).content == content

    def test_text_is_utf8_and_says_so(self) -> None:
        csv = Attachment("Zoë;1\n", "names.csv")
        assert csv.content == b"Zo\xc3\xab;1\n"
        assert csv.content_type == "text/csv; charset=utf-8"
        assert Attachment("x", content_type="text/plain; charset=latin-1").content_type == "text/plain; charset=utf-8"
        assert Attachment("{}", "x.json").content_type == "application/json"

    @pytest.mark.parametrize(
        "content",
        [None, 5, ["x"], io.BytesIO(b"x"), "\ud800"],
        ids=["nothing", "number", "list", "stream", "surrogate"],
    )
    def test_anything_else_is_refused(self, content: Any) -> None:
        with pytest.raises(MessageInvalid) as refusal:
            Attachment(content)
        assert refusal.value.field == "attachments.content"

    def test_a_message_is_attached_as_one(self) -> None:
        forwarded = Attachment.from_message(b"From: a@b.c\r\n\r\nHi\r\n", "mail.eml")
        assert (forwarded.mime_type, forwarded.filename) == ("message/rfc822", "mail.eml")


class TestStream:
    def test_it_is_read_to_its_end(self) -> None:
        assert Attachment.from_stream(io.BytesIO(b"x" * 3_000_000), "a.bin").content == b"x" * 3_000_000

    def test_options_are_those_of_an_attachment(self) -> None:
        logo = Attachment.from_stream(io.BytesIO(b"GIF"), "a.gif", inline=True, content_id="logo")
        assert (logo.content_type, logo.cid) == ("image/gif", "cid:logo")

    def test_an_endless_stream_is_refused(self) -> None:
        class Endless:
            def read(self, size: int) -> bytes:
                return b"\0" * size

        with pytest.raises(MessageInvalid, match="more than 5000000 bytes"):
            Attachment.from_stream(Endless(), "zero", limit=5_000_000)

    def test_a_text_stream_is_refused(self) -> None:
        with pytest.raises(MessageInvalid, match="must be bytes, not str"):
            Attachment.from_stream(io.StringIO("x"), "a.txt")  # type: ignore[arg-type]


@pytest.mark.catalogue("A4")
class TestFilename:
    @pytest.mark.parametrize(
        ("given_as", "kept"),
        [
            ("report.pdf", "report.pdf"),
            ("../../x", "x"),
            ("/etc/passwd", "passwd"),
            ("C:\\x", "x"),
            ("C:\\Users\\ann\\Übersicht 2026.pdf", "Übersicht 2026.pdf"),
            (".htaccess", ".htaccess"),
            ('a"b;c.txt', 'a"b;c.txt'),
            ("נספח\u200f.pdf", "נספח\u200f.pdf"),
            ("x" * FILENAME_LIMIT, "x" * FILENAME_LIMIT),
        ],
        ids=lambda name: f"A4-{name[:16]!a}",
    )
    def test_of_a_path_the_last_part_is_kept(self, given_as: str, kept: str) -> None:
        assert Attachment(b"", given_as).filename == kept

    @pytest.mark.parametrize(
        "name",
        [
            'a.txt"\r\nX-E: 1',
            "a\n",
            "a\0.txt",
            "a\x85b",
            "x" * 300,
            "annexe\u202egpj.exe",
            "a\u2066b",
            "a\u2028b",
            "a\udc80",
            "",
            " ",
            ".",
            "..",
            "a/",
            "a/..",
            5,
        ],
        ids=lambda name: f"A4-{str(name)[:16]!a}",
    )
    def test_what_could_be_misread_is_refused(self, name: Any) -> None:
        with pytest.raises(MessageInvalid) as refusal:
            Attachment(b"", name)
        assert refusal.value.field == "attachments.filename"

    def test_none_is_no_name(self) -> None:
        assert Attachment(b"x").filename is None


class TestType:
    def test_it_is_guessed_from_the_name_or_unknown(self) -> None:
        assert Attachment(b"", "a.pdf").content_type == "application/pdf"
        assert Attachment(b"", "dir.pdf/a").content_type == Attachment(b"").content_type == "application/octet-stream"

    def test_what_is_given_holds_and_is_evened_out(self) -> None:
        sheet = Attachment(b"", "a.pdf", "Text/CSV;Header=present")
        assert (sheet.content_type, sheet.mime_type) == ("text/csv; header=present", "text/csv")

    def test_a_charset_is_added_to_text_only(self) -> None:
        assert Attachment(b"", "a.txt", charset="latin-1").content_type == "text/plain; charset=latin-1"
        assert Attachment(b"", "a.png", charset="latin-1").content_type == "image/png"

    @pytest.mark.catalogue("A4")
    @pytest.mark.parametrize(
        "options",
        [
            {"content_type": 'text/plain"\r\nX-E: 1'},
            {"content_type": "multipart/mixed"},
            {"content_type": "message/partial"},
            {"content_type": 7},
            {"charset": "utf-8\r\nX: y"},
            {"charset": 7},
            {"charset": "ü"},
        ],
        ids=str,
    )
    def test_a_type_cannot_bring_headers_or_parts(self, options: dict[str, Any]) -> None:
        with pytest.raises(MessageInvalid) as refusal:
            Attachment(b"", "a.txt", **options)
        assert refusal.value.field.startswith("attachments.c")


class TestInline:
    def test_an_id_is_made_of_what_it_is(self) -> None:
        one, same = (Attachment(b"GIF", "a.gif", inline=True) for _ in range(2))
        assert one.content_id == same.content_id
        assert (
            len(
                {
                    one.content_id,
                    Attachment(b"GIF", "b.gif", inline=True).content_id,
                    Attachment(b"PNG", "a.gif", inline=True).content_id,
                }
            )
            == 3
        )

    def test_the_disposition_follows_unless_given(self) -> None:
        assert Attachment(b"", inline=True).disposition == "inline"
        assert Attachment(b"").disposition == "attachment"
        assert Attachment(b"", disposition="inline").disposition == "inline"
        assert not Attachment(b"", disposition="inline").inline
        with pytest.raises(MessageInvalid, match="must be attachment or inline"):
            Attachment(b"", disposition="form-data")  # type: ignore[arg-type]

    def test_an_id_may_have_its_brackets(self) -> None:
        assert Attachment(b"", content_id="<logo@x>").content_id == "logo@x"
        assert Attachment(b"", inline=True, content_id="logo").cid == "cid:logo"
        assert Attachment(b"").cid == ""

    @pytest.mark.catalogue("A4")
    @pytest.mark.parametrize("content_id", ["", "a b", "a>\r\nX: y", "<a", "a>", "<<a>>", "ü", "x" * 201, 5])
    def test_an_id_is_one_word(self, content_id: Any) -> None:
        with pytest.raises(MessageInvalid) as refusal:
            Attachment(b"", inline=True, content_id=content_id)
        assert refusal.value.field == "attachments.content_id"


class TestValue:
    @pytest.mark.parametrize("copied", [lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy])  # noqa: S301
    def test_the_encoded_form_is_no_part_of_it(self, copied: Callable[[Attachment], Attachment]) -> None:
        one = Attachment(b"GIF", "a.gif", inline=True, content_id="x")
        one.__dict__["_encoded"] = [b"R0lG\r\n"]
        other = copied(one)
        assert (other, hash(other)) == (one, hash(one))
        assert other._encoded is None
        assert "R0lG" not in repr(one)

    def test_its_repr_shows_no_content(self) -> None:
        assert repr(Attachment(b"secret", "a.txt")) == "Attachment(<6 bytes>, 'a.txt', content_type='text/plain')"

    def test_it_is_frozen(self) -> None:
        with pytest.raises(AttributeError, match="frozen"):
            Attachment(b"").content = b"x"


def test_a_file_below_the_root_is_attached_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "report.pdf").write_bytes(b"%PDF")
    report = Attachment.from_path("dir/report.pdf", root=tmp_path)
    assert (report.content, report.filename, report.content_type) == (b"%PDF", "report.pdf", "application/pdf")
    named = Attachment.from_path(tmp_path / "dir" / "report.pdf", "Q3.pdf", root=tmp_path, inline=True, content_id="q3")
    assert (named.filename, named.cid) == ("Q3.pdf", "cid:q3")
