"""How a field of a message becomes headers that a provider obeys; shapes that providers share.

A rule raises ValueError, with the end of a sentence, for what its header cannot say. Values stay ASCII,
and words short enough for a line: nobody promises that encoded words are decoded in these headers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

Pairs = list[tuple[str, str]]

_LONGEST_WORD = 900
"""Characters without a space that a header can carry: a line ends after 998 (RFC 5322 section 2.1.1)."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")
_SPACES = re.compile("  +")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Rule(NamedTuple):
    """How one field is told.

    Args:
        header: the header's name.
        pairs: from the field's value to headers; None where `part` is given.
        part: from the field's value to a part of the JSON object that the header holds, which several
            fields share.
    """

    header: str
    pairs: Callable[[Any], Pairs] | None = None
    part: Callable[[Any], dict[str, Any]] | None = None


def one_tag(header: str, *, longest: int = _LONGEST_WORD, pattern: str = "") -> Rule:
    """The only tag there is room for."""

    def pairs(tags: tuple[str, ...]) -> Pairs:
        _at_most(1, tags, "tags")
        return [(header, _fitting(tags[0], longest, pattern))]

    return Rule(header, pairs)


def each_tag(header: str, *, longest: int) -> Rule:
    """A header for each tag."""
    return Rule(header, lambda tags: [(header, _fitting(tag, longest)) for tag in tags])


def tag_list(header: str, *, most: int = 0, longest: int = 255) -> Rule:
    """All tags in one header, between commas."""

    def pairs(tags: tuple[str, ...]) -> Pairs:
        _at_most(most or len(tags), tags, "tags")
        if any("," in tag for tag in tags):
            raise ValueError("a comma would divide a tag in two")
        return [(header, ", ".join(_fitting(tag, longest) for tag in tags))]

    return Rule(header, pairs)


def data(header: str, *, most_bytes: int = 0, strings: bool = False, plain: bool = False) -> Rule:
    """Metadata as a JSON object; `strings` turns numbers into text, `plain` refuses what JSON would escape."""

    def pairs(metadata: Mapping[str, Any]) -> Pairs:
        said = {key: _said(value) for key, value in metadata.items()} if strings else dict(metadata)
        if plain and not json.dumps(said, ensure_ascii=False).isascii():
            raise ValueError("it can hold ASCII only")
        text = document(said)
        if most_bytes and len(text) > most_bytes:
            raise ValueError(f"its JSON has {len(text)} bytes, and {most_bytes} are the most")
        return [(header, text)]

    return Rule(header, pairs)


def data_headers(prefix: str) -> Rule:
    """A header for each item of metadata, named after its key; headers do not tell letters of either case apart."""

    def pairs(metadata: Mapping[str, Any]) -> Pairs:
        if len({key.lower() for key in metadata}) < len(metadata):
            raise ValueError("two of its keys differ only in case")
        return [(prefix + _token(key), _fitting(_said(value))) for key, value in metadata.items()]

    return Rule(prefix + "*", pairs)


def data_pairs(header: str) -> Rule:
    """Metadata as `name=value, name=value`, in letters, digits, - and _."""

    def pairs(metadata: Mapping[str, Any]) -> Pairs:
        return [(header, ", ".join(f"{_token(key)}={_token(_said(value))}" for key, value in metadata.items()))]

    return Rule(header, pairs)


def switch(header: str, on: str, off: str = "") -> Rule:
    """A flag; without `off` it can only be switched on."""

    def pairs(wanted: bool) -> Pairs:
        if not wanted and not off:
            raise ValueError("it can be switched on for a message, not off")
        return [(header, on if wanted else off)]

    return Rule(header, pairs)


def word(header: str) -> Rule:
    """The value as it is."""
    return Rule(header, lambda value: [(header, _fitting(value))])


def date(header: str) -> Rule:
    """A moment as in a Date header (RFC 5322 section 3.3)."""

    def pairs(moment: datetime) -> Pairs:
        at = moment.astimezone(UTC)
        day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]  # strftime would speak the language of the locale
        return [(header, f"{day}, {at.day} {month} {at:%Y %H:%M:%S} +0000")]

    return Rule(header, pairs)


def utc(header: str) -> Rule:
    """A moment as `YYYY-MM-DD HH:MM:SS` in UTC."""
    return Rule(header, lambda moment: [(header, f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}")])


def part(header: str, build: Callable[[Any], dict[str, Any]]) -> Rule:
    """A part of the JSON object in `header`."""
    return Rule(header, part=build)


def unix_time(moment: datetime) -> int:
    """Return whole seconds since 1970."""
    return int(moment.timestamp())


def strings(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return metadata with every value as text."""
    return {key: _said(value) for key, value in metadata.items()}


def limited(tags: tuple[str, ...], *, most: int, longest: int = 255) -> list[str]:
    """Return the tags as a list, if they are few and short enough."""
    _at_most(most, tags, "tags")
    for tag in tags:
        _short(tag, longest)
    return list(tags)


def document(value: Any) -> str:
    """Write JSON that survives a header: ASCII, with a place to fold after each item.

    `=?` might be taken for an encoded word, and of several spaces a fold may eat some; both can only
    stand inside strings, where JSON has another spelling for them.
    """
    text = json.dumps(value).replace("=?", "=\\u003f")
    text = _SPACES.sub(lambda found: " " + "\\u0020" * (len(found[0]) - 1), text)
    if max(map(len, text.split(" "))) > _LONGEST_WORD:
        raise ValueError(f"it has a word of more than {_LONGEST_WORD} characters, too long for a line")
    return text


def _said(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _fitting(text: str, longest: int = _LONGEST_WORD, pattern: str = "") -> str:
    if not text.isascii():
        raise ValueError(f"{text!a} is not ASCII")
    if "=?" in text or text != text.strip() or not text or "  " in text:
        raise ValueError(f"{text!a} would not arrive as it is")
    if pattern and not re.fullmatch(pattern, text):
        raise ValueError(f"{text!a} has other characters than {pattern} allows")
    return _short(text, longest)


def _short(text: str, longest: int) -> str:
    if len(text) > longest:
        raise ValueError(f"{text[:20]!a}… is longer than {longest} characters")
    return text


def _token(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"{text!a} has other characters than letters, digits, - and _, or more than 256 of them")
    return text


def _at_most(most: int, values: tuple[str, ...], what: str) -> None:
    if len(values) > most:
        raise ValueError(f"it has {len(values)} {what}, and {most} {'is' if most == 1 else 'are'} the most")
