"""One finding in words: what was wanted there, and what is there instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher, unified_diff
from typing import NamedTuple

from mailbridge.message.address import Address
from mailbridge.testing.criteria.criterion import Finding, is_several
from mailbridge.testing.criteria.wanted import closeness, same_text, shown

__all__ = ["nearness", "told"]

_ALIKE = 0.5
"""From which closeness on it helps to show where two texts part."""
_SEARCHED = 400
"""Lines of a body among which the nearest are looked for."""
_COMPARED = 1000
"""Characters that are compared at a time: a thorough comparison is quadratic."""
_CONFIDENTIAL = frozenset({"subject", "text", "html", "header", "metadata", "where"})


def told(finding: Finding, *, width: int, sensitive: bool) -> Iterator[str]:
    """Yield the lines about one finding; its place takes up `width` characters.

    Of a mail that is marked as sensitive nothing is quoted but people and labels: what a test prints ends up in
    the logs of a build.
    """
    head = f"{'✓' if finding.fulfilled else '✗'} {finding.place:{width}}  "
    hidden = sensitive and finding.place.partition("[")[0] in _CONFIDENTIAL
    lines = [_spelt(finding.wanted)] if finding.fulfilled else list(_missed(finding, hidden))
    yield head + lines[0]
    for line in lines[1:]:
        yield f"{'':{len(head)}}{line}".rstrip()


def nearness(finding: Finding) -> float:
    """Return how near a finding comes to what was wanted, from 0 to 1."""
    if finding.fulfilled:
        return 1.0
    if finding.body and isinstance(finding.wanted, str):
        return max((_nearest(finding.wanted, str(body)).near for body in finding.found), default=0.0)
    wanted = [str(each) if isinstance(each, Address) else each for each in _each(finding.wanted)]
    return sum(closeness(each, map(str, finding.found)) for each in wanted) / max(1, len(wanted))


def _missed(finding: Finding, hidden: bool) -> Iterator[str]:
    wanted = finding.wanted
    how = "to contain " if finding.body and isinstance(wanted, str) else "exactly " if is_several(wanted) else ""
    yield f"wanted {how}{'none' if wanted is None else _spelt(wanted)}"
    if hidden:
        yield "found  (hidden, for the message is sensitive)" if finding.found else "found  nothing"
        return
    if finding.missing or finding.beyond:
        yield from (f"{word} {_listed(each)}" for word, each in _sides(finding) if each)
    elif finding.found:
        yield from _found(finding)
    elif finding.place != "where":
        yield "found  nothing"
    yield from (f"({finding.note})".splitlines() if finding.note else ())


def _sides(finding: Finding) -> Iterator[tuple[str, tuple[object, ...]]]:
    yield "missing", finding.missing
    yield "beyond ", finding.beyond


def _found(finding: Finding) -> Iterator[str]:
    wanted, texts = finding.wanted, [each for each in finding.found if isinstance(each, str)]
    if finding.body and isinstance(wanted, str):
        yield from _in_bodies(wanted, texts)
    elif isinstance(wanted, str | Address) and len(texts) == 1:
        yield from _below(str(wanted), texts[0])
    else:
        yield f"found  {_listed(finding.found)}"


def _below(wanted: str, found: str, indent: int = len("wanted ")) -> Iterator[str]:
    """Show what was found, and a mark where it parts from what was wanted."""
    said, other = shown(wanted), shown(found)
    yield f"{'found':{indent}}{other}"
    part = next((at for at, (a, b) in enumerate(zip(said, other, strict=False)) if a != b), 0)
    if part > 1 and closeness(wanted, [found]) >= _ALIKE:
        yield f"{'':{indent + part}}^"


def _in_bodies(wanted: str, bodies: list[str]) -> Iterator[str]:
    """Show where the body comes nearest to what it should contain."""
    place = max((_nearest(wanted, body) for body in bodies), key=lambda each: each.near)
    first, last = place.first + 1, place.first + len(place.lines)
    if place.near < _ALIKE:
        yield f"found  {shown(same_text(bodies[0]))}"
    elif len(place.lines) > 1:
        yield f"found  lines {first} to {last} of {place.among}, which are nearest:"
        changes = list(unified_diff(_lines(wanted), place.lines, lineterm="", n=2))[2:]
        yield from (f"  {line}" for line in changes if not line.startswith("@@"))
    elif place.among > 1 or place.cut:
        yield f"found  {shown(place.lines[0])} in line {first} of {place.among}"
    else:
        yield f"found  {shown(place.lines[0])}"


class _Place(NamedTuple):
    """Some lines of a body, or a piece of one line, how near they come, and where they are."""

    near: float
    first: int
    lines: list[str]
    among: int
    cut: bool = False


def _nearest(wanted: str, body: str) -> _Place:
    """Return the place of a body that comes nearest to a text."""
    asked, lines = _lines(wanted), _lines(body)
    best = _Place(-1.0, 0, lines[: len(asked)], len(lines))
    matcher = SequenceMatcher(None, autojunk=False)
    matcher.set_seq2(wanted[:_COMPARED])
    for first in range(max(1, min(len(lines), _SEARCHED) - len(asked) + 1)):
        there = lines[first : first + len(asked)]
        if cut := len(asked) == 1 and len(there[0]) > 2 * len(wanted):
            there = [_piece(wanted, there[0])]
        matcher.set_seq1("\n".join(there)[:_COMPARED])
        if matcher.real_quick_ratio() > best.near and matcher.quick_ratio() > best.near:
            best = max(best, _Place(matcher.ratio(), first, there, len(lines), cut), key=lambda each: each.near)
    return best


def _piece(wanted: str, line: str) -> str:
    """Return as much of a long line, as minified HTML has, around what it has in common with the text."""
    common = SequenceMatcher(None, line, wanted, autojunk=False).find_longest_match()
    start = max(0, common.a - common.b)
    return line[start : start + len(wanted)]


def _lines(text: str) -> list[str]:
    return same_text(text).split("\n")


def _each(wanted: object) -> list[object]:
    return list(wanted) if isinstance(wanted, list | tuple | set | frozenset) else [wanted]


def _listed(things: Iterable[object]) -> str:
    return ", ".join(map(_spelt, things))


def _spelt(wanted: object) -> str:
    if isinstance(wanted, Address):
        return repr(str(wanted))
    return f"[{_listed(_each(wanted))}]" if is_several(wanted) else shown(wanted)
