"""Messages from gettext, dates and numbers by Babel, each in the language of the mail."""

from __future__ import annotations

import gettext
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from mailbridge import ConfigError, TemplateError, Templates

from .conftest import Make
from .test_styles import lacking


@pytest.fixture
def catalogues(tmp_path: Path) -> Path:
    for locale, messages in {
        "de": {
            "Hello %(name)s": "Hallo %(name)s",
            ("%(num)s item", "%(num)s items"): ("%(num)s Ding", "%(num)s Dinge"),
        },
        "de_AT": {"Hello %(name)s": "Servus %(name)s"},
    }.items():
        catalogue = Catalog(locale=locale)
        for text, translation in messages.items():
            catalogue.add(text, translation)
        catalogue.add("May", "Mai", context="month")
        path = tmp_path / "locale" / locale / "LC_MESSAGES" / "messages.mo"
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            write_mo(file, catalogue)
    return tmp_path / "locale"


HELLO = {
    "w.txt": '{{ _("Hello %(name)s", name=user) }}',
    "w.html": "{% trans name=user %}Hello {{ name }}{% endtrans %}",
}


@pytest.mark.parametrize(
    ("locale", "hello"), [("de", "Hallo"), ("de-DE", "Hallo"), ("de_AT", "Servus"), ("en", "Hello"), (None, "Hello")]
)
def test_the_locale_chooses_the_messages(make: Make, catalogues: Path, locale: str | None, hello: str) -> None:
    content = make(HELLO, translations=catalogues).render("w", {"user": "<Ann>"}, locale=locale)
    assert content.text == f"{hello} <Ann>\n"
    assert content.html == f"{hello} &lt;Ann&gt;"


def test_plurals_and_contexts_are_chosen(make: Make, catalogues: Path) -> None:
    text = '{{ ngettext("%(num)s item", "%(num)s items", n) }} {{ pgettext("month", "May") }}'
    templates = make({"w.txt": text}, translations=catalogues)
    assert templates.render("w", {"n": 1}, locale="de").text == "1 Ding Mai\n"
    assert templates.render("w", {"n": 2}, locale="de").text == "2 Dinge Mai\n"
    assert templates.render("w", {"n": 2}).text == "2 items May\n"


def test_a_function_may_answer_the_catalogue(make: Make) -> None:
    class Shouting(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return message.upper()

    templates = make({"w.txt": '{{ _("hello") }}'}, translations=lambda locale: Shouting())
    assert templates.render("w").text == "HELLO\n"


def test_without_catalogues_messages_are_as_written(make: Make) -> None:
    assert make(HELLO).render("w", {"user": "Ann"}, locale="de").text == "Hello Ann\n"


def test_a_folder_that_does_not_exist_is_refused(make: Make) -> None:
    with pytest.raises(ConfigError, match="folder of translations"):
        make(HELLO, translations="/no/such")


@pytest.mark.parametrize(
    ("text", "english", "german"),
    [
        ("{{ 1234.5|format_decimal }}", "1,234.5", "1.234,5"),
        ("{{ format_currency(9.5, 'EUR') }}", "€9.50", "9,50\u00a0€"),
        ("{{ 0.25|format_percent }}", "25%", "25\u00a0%"),
        ("{{ day|format_date('long') }}", "March 1, 2026", "1. März 2026"),
        ("{{ moment|format_datetime('yyyy-MM-dd HH:mm', tzinfo='Europe/Vienna') }}", "2026-03-01 13:00",
         "2026-03-01 13:00"),
        ("{{ moment|format_time('HH:mm') }}", "12:00", "12:00"),
    ],
)  # fmt: skip
def test_dates_and_numbers_are_written_as_the_locale_does(make: Make, text: str, english: str, german: str) -> None:
    templates = make({"w.txt": text.replace("'Europe/Vienna'", "zone")})
    context = {"day": date(2026, 3, 1), "moment": datetime(2026, 3, 1, 12, tzinfo=UTC), "zone": zone()}
    for locale, expected in [("de", german), ("en", english), (None, english), ("xx", english), ("de_XX", german)]:
        assert templates.render("w", context, locale=locale).text == f"{expected}\n"


def zone() -> object:
    from babel.dates import get_timezone

    return get_timezone("Europe/Vienna")


def test_a_constant_is_not_formatted_once_and_for_all(make: Make) -> None:
    templates = make({"w.txt": "{{ 1.5|format_decimal }}"})
    assert [templates.render("w", locale=each).text for each in ("en", "de", "en")] == ["1.5\n", "1,5\n", "1.5\n"]


def test_threads_do_not_mix_languages(make: Make) -> None:
    templates = make({"w.txt": "{{ n|format_decimal }}"})
    wrong: list[str | None] = []

    def render(locale: str, expected: str) -> None:
        wrong.extend(
            text for _ in range(100) if (text := templates.render("w", {"n": 1.5}, locale=locale).text) != expected
        )

    threads = [threading.Thread(target=render, args=each) for each in [("en", "1.5\n"), ("de", "1,5\n")]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_without_babel_a_format_is_an_error_that_says_what_to_install(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking(monkeypatch, "babel")
    templates = make({"w.txt": "{{ 1.5|format_decimal }}", "v.txt": "x"})
    with pytest.raises(ConfigError, match="pip install babel"):
        templates.render("w")
    assert templates.render("v").text == "x\n"


def test_what_is_no_locale_is_refused(make: Make) -> None:
    with pytest.raises(TemplateError, match="is not a locale"):
        make(HELLO).render("w", {"user": "Ann"}, locale="../de")


def test_stored_templates_have_formats_too() -> None:
    templates = Templates.from_strings({"w.txt": "{{ n|format_decimal }}"})
    assert templates.render("w", {"n": 1.5}, locale="de").text == "1,5\n"
