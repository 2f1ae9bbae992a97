"""How the files of a template are called: `welcome.de.html` is the HTML of `welcome` in German."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mailbridge.content.engine import Part
from mailbridge.errors import TemplateError

ENDS: dict[str, Part] = {".subject.txt": "subject", ".txt": "text", ".html": "html"}
"""How the file of a part ends; the longer before what it ends with itself."""

_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*").fullmatch


class Named(NamedTuple):
    """What the name of a file says. `part` is None for a file with blocks."""

    name: str
    locale: str
    part: Part | None


def languages(locale: str | None) -> tuple[str, ...]:
    """Return a locale and the more general ones after it, each as `de_AT`. Raises TemplateError for what is none.

    >>> languages("zh-Hant-TW.UTF-8")
    ('zh_Hant_TW', 'zh_Hant', 'zh')
    """
    if not locale:
        return ()
    plain = str(locale).partition(".")[0].partition("@")[0]
    if not _LOCALE(plain):
        raise TemplateError(
            f"{ascii(str(locale))[:60]} is not a locale.",
            hints=["Give a language and perhaps a country, such as de_AT."],
        )
    parts = _spelled(plain).split("_")
    return tuple("_".join(parts[:length]) for length in range(len(parts), 0, -1))


def spellings(name: str, language: str, ends: Iterable[str], suffixes: Iterable[str] = ("",)) -> Iterator[str]:
    """Yield the names that a file may have: `welcome.de_AT.html`, `welcome.de-AT.html`, `welcome.de-at.html` …"""
    suffixes = tuple(suffixes)
    dashed = language.replace("_", "-")
    for end in ends:
        for infix in dict.fromkeys((language, dashed, language.lower(), dashed.lower())):
            for suffix in suffixes:
                yield f"{name}.{infix}{end}{suffix}" if infix else f"{name}{end}{suffix}"


def read(file: str, suffixes: Iterable[str], one_file: Iterable[str]) -> Named | None:
    """Return what the name of a file says; None for a layout (`_layout.html`), a stylesheet and the like.

    >>> read("account/welcome.de.subject.txt", [""], [])
    Named(name='account/welcome', locale='de', part='subject')
    """
    if any(step.startswith("_") for step in file.split("/")):
        return None
    ends = [(end + suffix, part) for suffix in suffixes for end, part in ENDS.items()]
    for end, part in [*ends, *((end, None) for end in one_file)]:
        if file.endswith(end) and (stem := file.removesuffix(end)) and not stem.endswith("/"):
            name, dot, locale = stem.rpartition(".")
            return Named(name, _spelled(locale), part) if dot and name and _LOCALE(locale) else Named(stem, "", part)
    return None


def _spelled(locale: str) -> str:
    """Spell a locale as is usual: language in lower case, script in title case, country in upper case."""
    language, *rest = locale.replace("-", "_").split("_")
    return "_".join([language.lower(), *({2: str.upper, 4: str.title}.get(len(each), str)(each) for each in rest)])
