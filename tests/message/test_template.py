"""Templates are named by the provider's id."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from mailbridge.errors import MessageInvalid
from mailbridge.message.template import Template


def test_numbers_become_text() -> None:
    assert Template(17, 3) == Template("17", version="3")
    assert Template("welcome").version is None


@pytest.mark.parametrize(
    ("id", "version", "field"),
    [
        ("", None, "id"),
        ("x\n", None, "id"),
        (None, None, "id"),
        (True, None, "id"),
        ("x", "", "version"),
        ("x", 1.5, "version"),
    ],
)
def test_what_names_nothing_is_refused(id: Any, version: Any, field: str) -> None:
    with pytest.raises(MessageInvalid) as refusal:
        Template(id, version)
    assert refusal.value.field == f"template.{field}"


def test_it_is_a_value() -> None:
    assert pickle.loads(pickle.dumps(Template("a", "b"))) == Template("a", "b")  # noqa: S301
