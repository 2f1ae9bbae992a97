"""The texts of the app in other languages: said, complete, compiled."""

from __future__ import annotations

import gettext
import importlib.util
import io
import re
from pathlib import Path
from types import ModuleType

import pytest
from django.apps import apps
from django.core import checks
from django.core.management import CommandError, call_command, load_command_class
from django.utils import translation
from support.django_project import Configure

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "mailbridge_django"
CATALOGUES = sorted(PACKAGE.glob("locale/*/LC_MESSAGES/*.po"))


@pytest.fixture(scope="module")
def translations() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scripts_translations", ROOT / "scripts" / "translations.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def deployment() -> list[tuple[str | None, str, str | None]]:
    """Return id, text and hint of what is ours."""
    found = checks.run_checks(tags=["mail"], include_deployment_checks=True)
    return [(each.id, each.msg, each.hint) for each in found if (each.id or "").startswith("mailbridge.")]


@pytest.mark.parametrize(
    ("language", "text", "hint"),
    [
        (
            "de",
            "Der Standard-Mailer ist memory://, der an niemanden sendet.",
            "Geben Sie einen Transport für den Produktivbetrieb an.",
        ),
        (
            "fr",
            "Le mailer par défaut est memory://, qui n'envoie rien à personne.",
            "Indiquez un transport pour la production.",
        ),
        ("en", "The default mailer is memory://, which sends to nobody.", "Name a transport for production."),
        ("nl", "The default mailer is memory://, which sends to nobody.", "Name a transport for production."),
    ],
)
def test_a_check_speaks_the_active_language(configure: Configure, language: str, text: str, hint: str) -> None:
    configure(dsn="memory://")
    with translation.override(language):
        assert deployment() == [("mailbridge.W004", text, hint)]


def test_what_a_check_names_stands_in_the_translation(configure: Configure) -> None:
    configure(dsn="smtp://ann:s3cret@mail.example.com?tls=off")
    with translation.override("de"):
        password, tls = deployment()
    assert password[1] == "Der Mailer 'default' hat ein Passwort, das in den Einstellungen steht."
    assert tls[1:] == (
        "Der Mailer 'default' sendet mit tls=off an mail.example.com; andere können seine Mails lesen.",
        "Lassen Sie tls weg.",
    )


def test_what_is_quoted_is_in_the_words_of_the_error_inside_a_translated_sentence(configure: Configure) -> None:
    configure(dsn="smtp://localhost?tsl=off")
    with translation.override("de"), pytest.raises(CommandError) as caught:
        call_command("mailbridge", "test-send", "a@example.org", "--using", "nobody")
    assert str(caught.value).startswith("E-Mail ist nicht konfiguriert: No mailer of mailbridge's is named 'nobody'")
    with translation.override("fr"):
        (found,) = deployment()
    assert found[:2] == (
        "mailbridge.E001",
        "Le mailer 'default' ne peut pas être créé : The DSN smtp://localhost?tsl=off cannot be used: "
        "the option tsl is unknown; did you mean tls?",
    )


def test_the_app_and_its_command_speak_the_active_language() -> None:
    command = load_command_class("mailbridge_django", "mailbridge")
    with translation.override("de"):
        assert str(apps.get_app_config("mailbridge").verbose_name) == "E-Mail"
        said = " ".join(command.create_parser("manage.py", "mailbridge").format_help().split())
    assert "Führt die Befehle von mailbridge" in said
    assert "ein Befehl von mailbridge und seine Argumente" in said
    assert "Run mailbridge's commands" in command.create_parser("manage.py", "mailbridge").format_help()


def test_every_text_of_the_code_is_translated_and_nothing_else(translations: ModuleType) -> None:
    assert [path.parent.parent.name for path in CATALOGUES] == ["de", "fr"]
    assert len(set(translations.marked((PACKAGE / "checks.py").read_text("utf-8")))) == 12
    assert list(translations.differences(PACKAGE)) == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_the_compiled_catalogue_is_what_its_source_says(translations: ModuleType, path: Path) -> None:
    said = translations.read(path.read_text("utf-8"))
    octets = path.with_suffix(".mo").read_bytes()
    assert octets == translations.compiled(said)
    catalogue = gettext.GNUTranslations(io.BytesIO(octets))
    assert {text: catalogue.gettext(text) for text in said} == said
    assert catalogue.charset() == "UTF-8"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_a_translation_names_what_its_original_names(translations: ModuleType, path: Path) -> None:
    names = re.compile(r"%\(\w+\)\w").findall
    for original, text in translations.read(path.read_text("utf-8")).items():
        assert sorted(names(text)) == sorted(names(original))


def test_differences_are_named(translations: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "locale/de/LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "checks.py").write_text('_("new")\n_("bare")\ngettext("told")\n')
    source = 'msgid ""\nmsgstr "Language: de\\n"\n\nmsgid "old"\nmsgstr "alt"\n\nmsgid "bare"\nmsgstr ""\n\n'
    (tmp_path / "locale/de/LC_MESSAGES/django.po").write_text(source + 'msgid "to"\n"ld"\nmsgstr "ge"\n"sagt"\n')
    assert list(translations.differences(tmp_path)) == [
        "de: no msgid 'new'",
        "de: nobody says 'old'",
        "de: 'bare' is not translated",
    ]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('msgctxt "menu"\n', "line 1"),
        ('msgid "a"\nmsgstr "b"\nmsgid "a"\nmsgstr "c"\n', "twice"),
        ('msgstr "b"\n', "before any msgid"),
        ("nonsense\n", "line 1"),
    ],
)
def test_a_source_that_cannot_be_read_is_an_error(translations: ModuleType, source: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        translations.read(source)


def test_only_constants_can_be_translated(translations: ModuleType) -> None:
    with pytest.raises(ValueError, match="line 1"):
        list(translations.marked('_(f"{name}")'))
