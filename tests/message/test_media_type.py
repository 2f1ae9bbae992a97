"""Content types, read and guessed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import MessageInvalid
from mailbridge.message.media_type import OCTETS, guessed, media_type, written

TOKEN = st.from_regex(r"[a-z0-9!#$&^_.+-]{1,12}", fullmatch=True)
SAID = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@pytest.mark.parametrize(
    ("text", "kind", "parameters"),
    [
        ("text/plain", "text/plain", {}),
        ("TEXT/Plain; Charset=UTF-8", "text/plain", {"charset": "UTF-8"}),
        ('text/x ;a=b ; c="d; \\"e\\""', "text/x", {"a": "b", "c": 'd; "e"'}),
        ("application/vnd.ms-excel", "application/vnd.ms-excel", {}),
        ('a/b; c=""', "a/b", {"c": ""}),
    ],
)
def test_a_type_is_split_from_its_parameters(text: str, kind: str, parameters: dict[str, str]) -> None:
    assert media_type(text, "content_type") == (kind, parameters)


@pytest.mark.catalogue("A4")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "text/",
        "/plain",
        "text/plain; ",
        "text/plain;charset",
        "text/plain; a=b; A=c",
        "text/pl ain",
        "text/plain\r\nX-E: 1",
        'text/plain; a="b',
        "text/plain; a=b\nBcc: e@x",
        "text/pläin",
        "text/plain; a=ä",
        "text/plain (comment)",
        "x" * 256,
        None,
        5,
    ],
    ids=lambda text: f"A4-{str(text)[:24]!a}",
)
def test_anything_else_is_refused_by_the_name_of_its_field(text: object) -> None:
    with pytest.raises(MessageInvalid) as refusal:
        media_type(text, "attachments.content_type")
    assert refusal.value.field == "attachments.content_type"


@pytest.mark.parametrize(
    "kind", ["multipart/mixed", "Multipart/X; boundary=b", "message/partial", "message/external-body"]
)
def test_types_that_the_reader_would_assemble_or_fetch_are_refused(kind: str) -> None:
    with pytest.raises(MessageInvalid, match="cannot be the type"):
        media_type(kind, "content_type")


@given(TOKEN, TOKEN, st.dictionaries(TOKEN, SAID, max_size=3))
def test_what_is_written_is_read_again(kind: str, subtype: str, parameters: dict[str, str]) -> None:
    text = written(f"{kind}/{subtype}", parameters)
    if kind in ("multipart", "message") or len(text) > 255:
        return
    assert media_type(text, "content_type") == (f"{kind}/{subtype}", parameters)


@pytest.mark.parametrize("unit", ["a", ";", '"', "\\", ";a=", ' ;a="', "; ", "/"])
def test_reading_takes_linear_time(unit: str) -> None:
    begin = time.thread_time()
    for text in (unit * (255 // len(unit)), f"a/b{unit * (250 // len(unit))}", unit * 1_000_000):
        with pytest.raises(MessageInvalid):
            media_type(f"{text}\x7f", "content_type")
    assert time.thread_time() - begin < 0.1


@pytest.mark.parametrize(
    ("filename", "kind"),
    [
        ("a.pdf", "application/pdf"),
        ("A.PNG", "image/png"),
        ("a.csv", "text/csv"),
        ("a.unknown-ending", OCTETS),
        ("README", OCTETS),
        ("a.tar.gz", "application/gzip"),
        ("a.txt.bz2", OCTETS),
        ("data:text/html,x", OCTETS),
        ("a.png#b.html", "text/html"),
        ("forwarded.eml", OCTETS),
    ],
)
def test_a_type_is_guessed_from_the_last_ending(filename: str, kind: str) -> None:
    assert guessed(filename) == kind
