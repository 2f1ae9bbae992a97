"""JSON data that can no longer change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from mailbridge.errors import MessageInvalid
from mailbridge.message.text import body_text

DEPTH = 50
"""How deep JSON may be nested: no template needs more, and a bomb does."""

BITS = 4096
"""How large an integer may be: Python refuses to print one of 4300 digits, and others lose its end."""


class FrozenDict(dict[str, Any]):
    """A dict that refuses changes; it compares, prints and serialises as a dict, and hashes."""

    __slots__ = ()

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("this mapping belongs to a frozen value; use .replace(…) to get a changed copy")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return (FrozenDict, (dict(self),))

    def __copy__(self) -> FrozenDict:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenDict:
        return self


def frozen(value: object, field: str, depth: int = DEPTH) -> Any:
    """Return JSON data (None, bool, int, float, str, mapping, sequence) in a form that cannot change.

    Raises MessageInvalid naming `field` for anything else, for NaN, and for text UTF-8 cannot carry.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return body_text(value, field)
    if isinstance(value, int | float):
        return _number(value, field)
    if depth == 0:
        raise MessageInvalid(f"{field} is nested deeper than {DEPTH} levels.", field=field)
    if isinstance(value, Mapping):
        return FrozenDict(
            (_key(key, field), frozen(item, f"{field}.{key}" if depth == DEPTH else field, depth - 1))
            for key, item in value.items()
        )
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray | memoryview | set | frozenset):
        return tuple([frozen(item, field, depth - 1) for item in value])
    raise MessageInvalid(f"{field} contains a {type(value).__name__}, which is not JSON data.", field=field)


def _number(value: float, field: str) -> float:
    """Return a plain number; int() and float() take off what an enum or a NumPy type added."""
    if isinstance(value, int):
        if value.bit_length() <= BITS:
            return int(value)
    elif value - value == 0:  # neither infinite nor NaN
        return float(value)
    raise MessageInvalid(f"{field} contains a number that JSON cannot say.", field=field)


def _key(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise MessageInvalid(f"{field} has the key {value!r}; keys must be text.", field=field)
    return body_text(value, field)
