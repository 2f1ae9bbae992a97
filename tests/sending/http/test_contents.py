"""The parts of a message in the shapes that APIs want."""

from __future__ import annotations

import pytest
from support.members import message

from mailbridge import Address, Message
from mailbridge.errors import MessageInvalid
from mailbridge.sending.http.contents import distinct, encoded_header, encoded_text, header_map, text_of


def test_headers_are_an_object_by_name() -> None:
    told = message(headers={"X-A": "1"}, in_reply_to="<a@b.example>", priority="high")
    assert header_map(told, without={"importance"}) == {
        "In-Reply-To": "<a@b.example>",
        "X-Priority": "1 (Highest)",
        "X-A": "1",
    }


@pytest.mark.parametrize("headers", [{"X-A": ["1", "2"]}, [("X-A", "1"), ("x-a", "2")]], ids=["one name", "two cases"])
def test_a_header_that_stands_twice_is_refused_where_one_would_be_lost(headers: object) -> None:
    with pytest.raises(MessageInvalid, match="stands there twice") as caught:
        header_map(message(headers=headers))
    assert caught.value.field == "headers"


def test_everybody_stands_once_where_he_stands_first() -> None:
    message = Message(
        from_="app@example.com",
        to=["Ann <ann@example.org>", "ANN@example.org"],
        bcc=["bob@example.org", "ann@EXAMPLE.org", "Bob <bob@example.org>"],
        text="",
    )
    assert distinct(message) == {"to": [Address("ann@example.org", "Ann")], "bcc": [Address("bob@example.org")]}


def test_plain_text_is_encoded_only_on_request() -> None:
    assert encoded_text("Smith, Ann") == "Smith, Ann"
    assert encoded_text("Smith, Ann", always=True) == "=?utf-8?q?Smith=2C_Ann?="


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (None, ""), (1.5, "1.5"), ("ä", "ä")])
def test_values_become_text_as_a_person_would_write_them(value: object, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("X-Shop", "Acme", "Acme"),
        ("X-Shop", "Köln", "=?utf-8?b?S8O2bG4=?="),
        ("X-Shop", "=?utf-8?q?evil?=", "=?utf-8?b?PT91dGYtOD9xP2V2aWw/PQ==?="),
        ("List-Unsubscribe", "<https://example.com/?a=?>", "<https://example.com/?a=?>"),
    ],
)
def test_a_header_is_encoded_where_it_must_be_and_links_never(name, text, said):
    assert encoded_header(name, text) == said
