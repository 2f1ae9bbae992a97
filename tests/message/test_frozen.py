"""JSON data that cannot change."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import MessageInvalid
from mailbridge.message.frozen import DEPTH, FrozenDict, frozen

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_json_survives_and_hashes(data: dict[str, Any]) -> None:
    kept = frozen(data, "merge_data")
    assert json.loads(json.dumps(kept)) == data
    assert hash(kept) == hash(frozen(data, "merge_data"))


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_copies_and_pickles_are_equal(data: dict[str, Any]) -> None:
    kept = frozen(data, "merge_data")
    for other in (pickle.loads(pickle.dumps(kept)), copy.copy(kept), copy.deepcopy(kept), frozen(kept, "merge_data")):  # noqa: S301
        assert other == kept
        assert type(other) is FrozenDict


def test_nothing_in_it_can_be_changed() -> None:
    source = {"a": [1, {"b": 2}]}
    kept = frozen(source, "merge_data")
    source["a"].append(3)
    assert kept == {"a": (1, {"b": 2})}
    for change in (
        lambda: kept.__setitem__("a", 1),
        lambda: kept.__delitem__("a"),
        lambda: kept.update(a=1),
        lambda: kept.setdefault("b", 1),
        lambda: kept.pop("a"),
        kept.popitem,
        kept.clear,
        lambda: kept.__ior__({"b": 1}),
        lambda: kept["a"][1].__setitem__("b", 3),
    ):
        with pytest.raises(TypeError, match="frozen"):
            change()


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        10**5000,
        float("inf"),
        b"x",
        {1: 2},
        object(),
        {1, 2},
        "\ud800",
        {"\ud800": 1},
        {"a": {"b": [object()]}},
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(MessageInvalid, match="merge_data") as refusal:
        frozen({"name": value}, "merge_data")
    assert refusal.value.field.startswith("merge_data")


def test_a_bomb_of_nesting_is_refused_at_once() -> None:
    bomb: list[Any] = []
    for _ in range(100_000):
        bomb = [bomb]
    with pytest.raises(MessageInvalid, match=f"deeper than {DEPTH}"):
        frozen(bomb, "merge_data")
    bomb.clear()
