"""How the files of a template are called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge import TemplateError
from mailbridge.content.names import Named, languages, read, spellings

SUFFIXES = ("", ".jinja", ".j2")
ONE_FILE = (".jinja", ".j2")


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("welcome.html", Named("welcome", "", "html")),
        ("welcome.txt", Named("welcome", "", "text")),
        ("welcome.subject.txt", Named("welcome", "", "subject")),
        ("welcome.subject.txt.j2", Named("welcome", "", "subject")),
        ("welcome.html.jinja", Named("welcome", "", "html")),
        ("welcome.jinja", Named("welcome", "", None)),
        ("welcome.de.jinja", Named("welcome", "de", None)),
        ("account/welcome.de_AT.html", Named("account/welcome", "de_AT", "html")),
        ("welcome.zh-hans.txt", Named("welcome", "zh_Hans", "text")),
        ("welcome.de-AT.subject.txt", Named("welcome", "de_AT", "subject")),
        ("order.confirmed.html", Named("order.confirmed", "", "html")),
        ("_layout.html", None),
        ("_parts/button.html", None),
        ("account/_layout.html", None),
        ("logo.png", None),
        ("style.css", None),
        (".html", None),
        ("account/.html", None),
    ],
)
def test_the_name_of_a_file_says_template_locale_and_part(file: str, named: Named | None) -> None:
    assert read(file, SUFFIXES, ONE_FILE) == named


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        (None, ()),
        ("", ()),
        ("de", ("de",)),
        ("de_AT", ("de_AT", "de")),
        ("de-AT", ("de_AT", "de")),
        ("de_AT.UTF-8", ("de_AT", "de")),
        ("de.\0/..", ("de",)),
        ("ca_ES@valencia", ("ca_ES", "ca")),
        ("zh-hant-tw", ("zh_Hant_TW", "zh_Hant", "zh")),
        ("DE_at", ("de_AT", "de")),
        ("zh-Hant-TW", ("zh_Hant_TW", "zh_Hant", "zh")),
    ],
)
def test_a_locale_falls_back_to_more_general_ones(locale: str | None, expected: tuple[str, ...]) -> None:
    assert languages(locale) == expected


@pytest.mark.parametrize("locale", ["../../etc", "de/../x", "d", "*", "de_", "de\n", "x" * 500, "_", 7])
def test_what_is_no_locale_is_refused_and_never_a_path(locale: str) -> None:
    with pytest.raises(TemplateError, match="is not a locale"):
        languages(locale)


NAMES = st.from_regex(r"[a-z]+(/[a-z]+)*", fullmatch=True)
LOCALES = st.sampled_from(["", "de", "de_AT", "zh_Hant_TW"])


@given(NAMES, LOCALES, st.sampled_from([".html", ".txt", ".subject.txt"]))
def test_what_is_spelled_is_read_back(name: str, locale: str, end: str) -> None:
    for file in spellings(name, locale, [end], SUFFIXES):
        named = read(file, SUFFIXES, ONE_FILE)
        assert named is not None
        assert named[:2] == (name, locale)
