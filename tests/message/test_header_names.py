"""Which headers may be set by name."""

from __future__ import annotations

import pytest

from mailbridge.errors import MessageInvalid
from mailbridge.message.fields import Fields
from mailbridge.message.header_names import FIELDS, header_name


@pytest.mark.parametrize(
    "name", ["X-Foo", "Auto-Submitted", "Feedback-ID", "x!#$%&'*+-.^_`|~9", "X" * 76, "Precedence"]
)
def test_a_name_of_the_caller_s_own_is_kept_as_spelt(name: str) -> None:
    assert header_name(name) == name


@pytest.mark.catalogue("A3")
@pytest.mark.parametrize(
    "name",
    [
        "X-Foo: a\r\nBcc",
        "X-Foo:",
        "X Foo",
        "",
        "X-F\u00f6\u00f6",
        "X-Foo\n",
        "\nX-Foo",
        "X-Foo\0",
        "X\tFoo",
        "X" * 77,
        " X",
        5,
        None,
    ],
    ids=lambda name: f"A3-{str(name)[:20]!a}",
)
def test_what_is_no_name_is_refused(name: object) -> None:
    with pytest.raises(MessageInvalid, match="not a header name") as refusal:
        header_name(name)
    assert refusal.value.field == "headers"


@pytest.mark.catalogue("A3")
@pytest.mark.parametrize(("name", "field"), FIELDS.items())
def test_a_header_that_has_a_field_is_refused_and_the_field_named(name: str, field: str) -> None:
    assert field in Fields.__annotations__
    for spelt in (name, name.upper(), name.title()):
        with pytest.raises(MessageInvalid, match=rf"use Message\({field}=…\)"):
            header_name(spelt)


@pytest.mark.catalogue("A3")
@pytest.mark.parametrize(
    "name",
    [
        "MIME-Version",
        "Content-Type",
        "Content-Anything",
        "DKIM-Signature",
        "Received",
        "Received-SPF",
        "ARC-Seal",
        "Resent-Bcc",
        "Resent-To",
        "Authentication-Results",
        "Delivered-To",
    ],
)
def test_what_servers_or_the_content_say_is_refused(name: str) -> None:
    for spelt in (name, name.upper(), name.lower()):
        with pytest.raises(MessageInvalid, match="cannot be set"):
            header_name(spelt)


def test_unsubscribing_and_threading_may_differ_by_recipient() -> None:
    for name in ("List-Unsubscribe", "List-Unsubscribe-Post", "In-Reply-To", "References"):
        assert header_name(name, "merge_headers", by_recipient=True) == name
    for name in ("Bcc", "To", "Content-Type", "Subject"):
        with pytest.raises(MessageInvalid, match=r"^merge_headers: "):
            header_name(name, "merge_headers", by_recipient=True)
