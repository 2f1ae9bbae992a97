"""Forms and addresses that were written are read back as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import MessageInvalid
from mailbridge.extend import Address, FormFile, HttpRequest, wire_forms
from mailbridge.testing.stubs.forms import form_of
from mailbridge.testing.stubs.people import ascii_only, decoded_words, mailboxes

NAME = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20).map(
    lambda text: "".join(text.split()) or "x"
)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=50)


@given(fields=st.lists(st.tuples(NAME, TEXT), max_size=4), content=st.binary(max_size=200))
def test_a_form_with_a_file(fields: list[tuple[str, str]], content: bytes) -> None:
    file = FormFile("attach", "bill.pdf", content, "application/pdf")
    form = form_of(HttpRequest.multipart("POST", "http://x/", fields, [file]))
    assert form.fields == fields
    assert form.files == [("attach", "bill.pdf", "application/pdf", content)]


@given(fields=st.lists(st.tuples(NAME, TEXT), min_size=1, max_size=4))
def test_a_form_without_files(fields: list[tuple[str, str]]) -> None:
    assert form_of(HttpRequest.form("POST", "http://x/", fields)).fields == fields


def test_a_message_among_the_files_is_not_taken_apart() -> None:
    inner = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b--\r\n"
    file = FormFile("message", "message.eml", inner, "message/rfc822")
    assert form_of(HttpRequest.multipart("POST", "http://x/", [], [file])).files[0].content == inner


def test_what_is_no_form_is_refused() -> None:
    with pytest.raises(MessageInvalid, match="is no form; its type is application/json"):
        form_of(HttpRequest.json("POST", "http://x/", {}))


PEOPLE = st.builds(
    Address,
    st.from_regex(r"[a-z]{1,8}@example\.(org|net)", fullmatch=True),
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf")), max_size=20).map(
        lambda text: " ".join(text.split())
    ),
)


@given(people=st.lists(PEOPLE, min_size=1, max_size=4))
def test_addresses_in_one_text(people: list[Address]) -> None:
    assert mailboxes(wire_forms(people)) == people


def test_encoded_words_are_decoded_and_plain_ones_left() -> None:
    assert decoded_words("=?utf-8?q?B=C3=BCcher?=") == "Bücher"
    assert decoded_words("a_b") == "a_b"
    with pytest.raises(MessageInvalid, match="subject: 'ü' has to be encoded"):
        ascii_only("ü", "subject")
