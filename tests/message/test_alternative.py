"""Alternatives and templates: two small values."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from mailbridge.errors import MessageInvalid
from mailbridge.message.alternative import Alternative


def test_text_is_kept_as_text_and_its_charset_is_ours() -> None:
    form = Alternative("# Hi", "Text/Markdown; charset=latin-1; variant=GFM")
    assert (form.content, form.content_type, form.mime_type) == ("# Hi", "text/markdown; variant=GFM", "text/markdown")


def test_bytes_are_kept_with_the_charset_they_have() -> None:
    form = Alternative(bytearray(b"x"), "text/x; charset=latin-1")
    assert (form.content, form.content_type) == (b"x", "text/x; charset=latin-1")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (None, "text/x"),
        (5, "text/x"),
        ("x", "text"),
        ("x", "multipart/x"),
        ("x", "message/rfc822"),
        ("\ud800", "text/x"),
    ],
)
def test_anything_else_is_refused(content: Any, content_type: str) -> None:
    with pytest.raises(MessageInvalid) as refusal:
        Alternative(content, content_type)
    assert refusal.value.field.startswith("alternatives")


def test_it_is_a_value_that_does_not_show_its_content() -> None:
    form = Alternative("secret", "text/x")
    assert pickle.loads(pickle.dumps(form)) == form  # noqa: S301
    assert repr(form) == "Alternative(<6>, 'text/x')"
