"""The private copies that a message with data for each recipient stands for.

What becomes of their outcomes is in `tests/sending/http/test_joining.py`.
"""

from __future__ import annotations

from typing import Any

import pytest

from mailbridge.message.copies import copies, is_merge, narrowed
from mailbridge.message.message import Message

ANN, BOB, CYD = (f"{name}@example.org" for name in ("ann", "bob", "cyd"))


def message(**fields: Any) -> Message:
    return Message(**{"from_": "shop@example.com", "to": [ANN, BOB], "text": "Hello {{name}}", **fields})


@pytest.mark.parametrize("field", ["merge_data", "merge_headers", "merge_metadata"])
def test_each_kind_of_data_by_recipient_asks_for_copies_even_if_empty(field: str) -> None:
    merge = message(**{field: {}})
    assert is_merge(merge)
    assert not is_merge(message(merge_global={"name": "you"}))
    assert [copy.to[0].addr_spec for copy in copies(merge)] == [ANN, BOB]
    assert not any(map(is_merge, copies(merge)))


def test_a_copy_has_what_is_for_all_and_over_it_what_is_for_its_recipient() -> None:
    ann, bob = copies(
        message(
            merge_global={"shop": "Acme", "name": "you"},
            merge_data={"ANN@Example.org": {"name": "Ann"}},
            headers={"X-A": "all", "X-B": "all"},
            merge_headers={ANN: {"x-a": "Ann"}},
            metadata={"run": 7, "id": 0},
            merge_metadata={BOB: {"id": 2}},
        )
    )
    assert [ann.merge_global, bob.merge_global] == [{"shop": "Acme", "name": "Ann"}, {"shop": "Acme", "name": "you"}]
    assert [ann.headers, bob.headers] == [(("X-B", "all"), ("x-a", "Ann")), (("X-A", "all"), ("X-B", "all"))]
    assert [ann.metadata, bob.metadata] == [{"run": 7, "id": 0}, {"run": 7, "id": 2}]


def test_who_has_no_data_of_his_own_has_placeholders_all_the_same() -> None:
    """So that a transport can tell his text from one in which braces are meant as they stand."""
    _, bob = copies(message(merge_data={ANN: {"name": "Ann"}}))
    assert vars(bob)["merge_global"] == {}
    assert "merge_global" not in bob.features
    _, bob = copies(message(merge_headers={ANN: {"X-A": "1"}}))
    assert "merge_global" not in vars(bob)


def test_cc_and_bcc_get_every_copy_and_keys_are_of_each() -> None:
    made = list(copies(message(cc=CYD, bcc="dan@example.org", merge_data={}, idempotency_key="order-1")))
    assert [[to.addr_spec for to in copy.recipients] for copy in made] == [
        [ANN, CYD, "dan@example.org"],
        [BOB, CYD, "dan@example.org"],
    ]
    assert [copy.idempotency_key for copy in made] == [f"order-1/{ANN}", f"order-1/{BOB}"]


def test_who_stands_there_twice_gets_one_copy() -> None:
    made = copies(message(to=[f"Ann <{ANN}>", BOB, "ANN@example.org"], merge_data={ANN: {"name": "Ann"}}))
    assert [(copy.to[0].name, copy.to[0].addr_spec) for copy in made] == [("Ann", ANN), ("", BOB)]


def test_without_anybody_in_to_there_is_one_copy() -> None:
    (copy,) = copies(message(to=None, cc=CYD, merge_data={}))
    assert [to.addr_spec for to in copy.recipients] == [CYD]


def test_narrowed_leaves_out_who_has_it_already() -> None:
    left = narrowed(message(cc=CYD), message(to=BOB).recipients)
    assert (left.to, left.cc) == (message(to=BOB).to, ())
