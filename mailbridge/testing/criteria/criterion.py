"""`Criterion`: one thing that a test asks of a mail, and `Finding`: what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from mailbridge.testing.criteria.wanted import Same, agrees, assigned, contains, equals, refused
from mailbridge.testing.sent import SentMail

__all__ = ["Criterion", "Finding", "among", "each_of", "is_several", "text"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one criterion found in one mail.

    Args:
        place: the keyword, or a part of it such as `header['X-Batch']`.
        wanted: as the test gave it.
        found: what the mail has there, people and files as strings; nothing, if it has nothing.
        fulfilled: whether that is what was wanted.
        body: whether a text had to contain what was wanted, rather than be it.
        missing, beyond: of several that were to be all, those not there, and those there in excess.
        note: what else may help.
    """

    place: str
    wanted: object
    found: tuple[object, ...]
    fulfilled: bool
    body: bool = False
    missing: tuple[object, ...] = ()
    beyond: tuple[str, ...] = ()
    note: str = ""


Criterion: TypeAlias = Callable[[SentMail], Iterator[Finding]]
Things: TypeAlias = Callable[[SentMail], Sequence[Any]]
Agree: TypeAlias = Callable[[Any, Any], bool]
Note: TypeAlias = Callable[[SentMail], str]


def is_several(wanted: object) -> bool:
    """Whether several things are wanted, that shall be all there are."""
    return isinstance(wanted, list | tuple | set | frozenset)


def each_of(wanted: Any) -> list[Any]:
    """Return what is wanted as a list."""
    return list(wanted) if is_several(wanted) else [wanted]


def among(place: str, wanted: Any, things: Things, agree: Agree, name: Callable[[Any], str], note: Note) -> Criterion:
    """Ask for one that is among the things, or for several that are all of them, in any order."""
    several, each = is_several(wanted), each_of(wanted)

    def findings(mail: SentMail) -> Iterator[Finding]:
        there = things(mail)
        pairs = assigned(each, there, agree)
        fulfilled = len(pairs) == len(each) and not (several and len(there) > len(each))
        taken = set(pairs.values())
        yield Finding(
            place=place,
            wanted=wanted,
            found=tuple(map(name, there)),
            fulfilled=fulfilled,
            missing=tuple(want for at, want in enumerate(each) if at not in pairs) if several else (),
            beyond=tuple(name(thing) for at, thing in enumerate(there) if at not in taken) if several else (),
            note="" if fulfilled else note(mail),
        )

    return findings


def text(
    place: str,
    wanted: Any,
    ways: Callable[[SentMail], Iterable[str | None]],
    same: Same = equals,
    note: Note = lambda mail: "",
) -> Criterion:
    """Ask for one text, which may be read in several ways; None is wanted where there shall be none."""
    if wanted is not None:
        refused(place, wanted)

    def findings(mail: SentMail) -> Iterator[Finding]:
        there = tuple(each for each in ways(mail) if each is not None)
        fulfilled = any(agrees(wanted, each, same) for each in there) if wanted is not None else not there
        said = "" if fulfilled else note(mail)
        yield Finding(place=place, wanted=wanted, found=there, fulfilled=fulfilled, body=same is contains, note=said)

    return findings
