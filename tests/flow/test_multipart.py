"""Forms with files, against the parser of the standard library."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.flow.http import HttpRequest
from mailbridge.flow.multipart import FormFile, form_data

# Not the backslash: `email` loses its way where a quoted string ends in one.
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\\"),
    min_size=1,
    max_size=60,
)
CONTENTS = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from([b"mailbridge-", b"-form", b"--mailbridge-0-form", b"\r\n", b"--", b"0", b"1", b"12", b"x"]),
        max_size=12,
    ).map(b"".join),
)
TYPES = st.sampled_from(["application/pdf", 'text/plain; charset="utf-8"', "image/gif"])


def parsed(content_type: str, body: bytes) -> list[EmailMessage]:
    """Return the parts as `email` reads them."""
    whole = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=policy.HTTP)
    assert not whole.defects
    return list(whole.iter_parts())


def parameters(parts: list[EmailMessage], name: str) -> list[str]:
    """Return a parameter of Content-Disposition of each part."""
    return [str(part.get_param(name, header="content-disposition")) for part in parts]


def test_a_form_is_written_as_the_rfc_has_it() -> None:
    content_type, body = form_data(
        [("to", "Änn"), ("to", "b")], [FormFile("file", "März.pdf", b"%PDF", "application/pdf")]
    )
    assert content_type == "multipart/form-data; boundary=mailbridge-0-form"
    assert body == (
        b"--mailbridge-0-form\r\n"
        b'Content-Disposition: form-data; name="to"\r\n\r\n'
        b"\xc3\x84nn\r\n"
        b"--mailbridge-0-form\r\n"
        b'Content-Disposition: form-data; name="to"\r\n\r\n'
        b"b\r\n"
        b"--mailbridge-0-form\r\n"
        b'Content-Disposition: form-data; name="file"; filename="M\xc3\xa4rz.pdf"\r\n'
        b"Content-Type: application/pdf\r\n\r\n"
        b"%PDF\r\n"
        b"--mailbridge-0-form--\r\n"
    )


@given(st.lists(st.tuples(NAMES, CONTENTS.map(lambda octets: octets.decode("latin-1"))), min_size=1, max_size=4))
def test_texts_come_out_as_they_went_in(fields: list[tuple[str, str]]) -> None:
    found = parsed(*form_data(fields, []))
    assert [part.get_payload(decode=True) for part in found] == [value.encode() for _, value in fields]
    assert parameters(found, "name") == [name for name, _ in fields]


@given(st.lists(st.builds(FormFile, NAMES, NAMES, CONTENTS, TYPES), min_size=1, max_size=4))
def test_files_come_out_as_they_went_in(files: list[FormFile]) -> None:
    found = parsed(*form_data([], files))
    assert [part.get_payload(decode=True) for part in found] == [file.content for file in files]
    assert parameters(found, "name") == [file.field for file in files]
    assert parameters(found, "filename") == [file.filename for file in files]
    assert [part["content-type"] for part in found] == [file.content_type for file in files]


@given(st.text(st.sampled_from('\\"a=;ü '), min_size=1))
def test_quotes_and_backslashes_are_quoted_as_the_grammar_has_it(name: str) -> None:
    line = form_data([], [FormFile("file", name, b"")])[1].splitlines()[1].decode()
    found = re.fullmatch(r'Content-Disposition: form-data; name="file"; filename="((?:[^"\\]|\\.)*)"', line)
    assert found is not None
    assert re.sub(r"\\(.)", r"\1", found[1]) == name


@given(st.lists(CONTENTS, max_size=4))
def test_the_boundary_occurs_in_no_content(contents: list[bytes]) -> None:
    content_type, _ = form_data([], [FormFile("file", "x", content) for content in contents])
    boundary = content_type.partition("boundary=")[2].encode()
    assert re.fullmatch(rb"[0-9A-Za-z-]{1,70}", boundary)
    assert not any(boundary in content for content in contents)


def test_the_same_form_gives_the_same_octets() -> None:
    files = [FormFile("file", "x.bin", bytes(range(256)))]
    assert form_data([("a", "b")], files) == form_data([("a", "b")], list(files))


def test_a_content_full_of_boundaries_is_searched_once() -> None:
    content = b"".join(b"--mailbridge-%d-form\r\n" % number for number in range(50_000))
    assert form_data([], [FormFile("file", "x", content)])[0].endswith("boundary=mailbridge-50000-form")


@pytest.mark.parametrize("bad", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b"])
def test_a_line_break_in_a_name_or_type_is_refused(bad: str) -> None:
    for fields, files in (
        ([(bad, "x")], []),
        ([], [FormFile(bad, "x", b"")]),
        ([], [FormFile("x", bad, b"")]),
        ([], [FormFile("x", "x", b"", bad)]),
    ):
        with pytest.raises(ValueError, match="line break"):
            form_data(fields, files)


def test_an_empty_form_has_its_end_only() -> None:
    assert form_data([], []) == ("multipart/form-data; boundary=mailbridge-0-form", b"--mailbridge-0-form--\r\n")


def test_a_request_has_the_type_with_the_boundary() -> None:
    request = HttpRequest.multipart("POST", "https://api.example.com", [("a", "b")], headers=[("X-Key", "1")])
    assert request.header("content-type") == "multipart/form-data; boundary=mailbridge-0-form"
    assert request.header("x-key") == "1"
    assert b'name="a"\r\n\r\nb\r\n' in request.body
