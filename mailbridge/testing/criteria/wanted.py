"""What a test wants, compared with what a mail has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, MethodType
from typing import Any

__all__ = ["agrees", "asks", "assigned", "closeness", "contains", "equals", "refused", "same_text", "shown"]

_ROUTINES = (FunctionType, MethodType, BuiltinFunctionType, MethodDescriptorType, partial)
_LONGEST = 120
"""Characters of a value that a line of a report shows."""
_COMPARED = 1000
"""Characters of it that are compared, to say how close it is: a thorough comparison is quadratic."""

Same = Callable[[str, str], bool]


def agrees(wanted: Any, found: Any, same: Same) -> bool:
    """Whether what was found is what is wanted; two strings are compared by `same`.

    A pattern is searched for; a callable answers for itself, no matter whether by its result or by AssertionError;
    whatever else is wanted has to be equal.
    """
    if isinstance(wanted, str) and isinstance(found, str):
        return same(wanted, found)
    if isinstance(wanted, re.Pattern):
        return found is not None and wanted.search(str(found)) is not None
    if asks(wanted):
        try:
            return bool(wanted(found))
        except AssertionError:
            return False
    return bool(wanted == found)


def refused(keyword: str, wanted: object) -> None:
    """Raise TypeError for what can never agree with text: a number, bytes, an object that is equal only to itself."""
    hopeless = isinstance(wanted, bytes | bool | int | float) or (
        type(wanted).__eq__ is object.__eq__ and not callable(wanted)
    )
    if hopeless:
        raise TypeError(
            f"{keyword}={shown(wanted)}: give a str, a compiled pattern, a callable, or an object that compares itself."
        )


def asks(wanted: object) -> bool:
    """Whether it is called, rather than compared: also a method, which compares itself, but only with methods."""
    if isinstance(wanted, _ROUTINES):
        return True
    return callable(wanted) and type(wanted).__eq__ is object.__eq__


def equals(wanted: str, found: str) -> bool:
    """Whether two strings are equal."""
    return wanted == found


def contains(wanted: str, found: str) -> bool:
    """Whether a body contains a text, whatever its line ends are."""
    return same_text(wanted) in same_text(found)


def same_text(text: str) -> str:
    """Return the text with LF line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def assigned(wanted: Sequence[Any], found: Sequence[Any], agree: Callable[[Any, Any], bool]) -> dict[int, int]:
    """Return which of `found` stands for which of `wanted`, by their indices, for as many as possible.

    One may agree with several (a pattern, say), so the first that fits need not be the one to take: whoever has
    it may have to look for another (augmenting paths).
    """
    fits = [[place for place, each in enumerate(found) if agree(want, each)] for want in wanted]
    taken: dict[int, int] = {}

    def take(want: int, tried: set[int]) -> bool:
        for place in fits[want]:
            if place not in tried:
                tried.add(place)
                if place not in taken or take(taken[place], tried):
                    taken[place] = want
                    return True
        return False

    for want in range(len(wanted)):
        take(want, set())
    return {want: place for place, want in taken.items()}


def closeness(wanted: object, found: Iterable[str]) -> float:
    """Return how near the nearest of `found` comes to a wanted string, from 0 to 1."""
    if not isinstance(wanted, str):
        return 0.0
    matcher = SequenceMatcher(None, autojunk=False)
    matcher.set_seq2(wanted[:_COMPARED])
    best = 0.0
    for each in found:
        matcher.set_seq1(each[:_COMPARED])
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            best = max(best, matcher.ratio())
    return best


def shown(value: object, limit: int = _LONGEST) -> str:
    """Return a value as a report shows it: its repr, with its length where it had to be cut; where a function is."""
    if isinstance(value, FunctionType):
        code = value.__code__
        return f"<{value.__name__} in {code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}>"
    if isinstance(value, str) and len(value) > limit:
        return f"{value[:limit]!r}… ({len(value)} characters)"
    said = repr(value)
    return said if len(said) <= 2 * limit else f"{said[: 2 * limit]}… ({len(said)} characters)"
