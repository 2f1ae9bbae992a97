"""The reference pages of the Python side name everything there is, as it is."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path

import pytest

import mailbridge
from mailbridge import Attempt, Mailer, MailError, Receipt, RecipientStatus, Settings
from mailbridge.dsn import Dsn
from mailbridge.errors import Phase
from mailbridge.hooks import specification
from mailbridge.message import features
from mailbridge.message.fields import Fields
from mailbridge.plugins import Plugins
from mailbridge.plugins.built_in import FOLDERS, PRESETS, record_of
from mailbridge.settings.http import HttpSettings
from mailbridge.settings.leaves import variable
from mailbridge.smtp.classify import recipient_row, refusal
from mailbridge.smtp.reply import Reply

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {
    "memory": "memory-and-null",
    "null": "memory-and-null",
    **dict.fromkeys(["retry", "failover", "roundrobin", "ratelimit", "guard"], "policies"),
    **dict.fromkeys(PRESETS, "smtp-presets"),
}
PACKAGE = Path(mailbridge.__file__).parent
HOOKS = sorted(name for name in vars(specification) if name.startswith("mailbridge_"))


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def rows(text: str) -> dict[str, str]:
    """Return the rows of the tables of a page, by each of the names in their first cell."""
    found = re.findall(r"^\| (.*?) \| (.*) \|$", text, re.MULTILINE)
    return {name: rest for first, rest in found for name in re.findall(r"`(\w+)`", first)}


def section(text: str, heading: str) -> str:
    return re.split(r"^## ", text.partition(f"\n## {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("field", Fields.__annotations__)
def test_every_field_of_a_message_is_a_row(field: str) -> None:
    assert field in rows(page("reference/message"))


@pytest.mark.parametrize("feature", sorted(features.ALL))
def test_every_feature_is_named_beside_its_field(feature: str) -> None:
    assert f"`{feature}`" in section(page("reference/message"), "Fields")


@pytest.mark.parametrize("argument", list(inspect.signature(Mailer).parameters))
def test_every_argument_of_a_mailer_is_a_row(argument: str) -> None:
    assert argument in rows(page("reference/mailer"))


@pytest.mark.parametrize("method", [name for name in vars(Mailer) if name[0] != "_"])
def test_every_method_of_a_mailer_is_on_its_page(method: str) -> None:
    assert re.search(rf"\b{method}\b", page("reference/mailer"))


@pytest.mark.parametrize("setting", ["dsn", *Settings.model_fields])
def test_every_setting_is_a_row_with_its_variable(setting: str) -> None:
    assert variable(setting) in rows(page("reference/settings"))[setting]


@pytest.mark.parametrize(
    ("folder", "field"),
    [
        (folder, field)
        for folder in dict.fromkeys(FOLDERS.values())
        if folder not in PRESETS[1:]  # they share their settings
        for field in record_of(folder).load_settings().model_fields
    ],
)
def test_every_setting_of_a_transport_is_a_row_of_its_page(folder: str, field: str) -> None:
    text = page(f"transports/{PAGES.get(folder, folder)}")
    if folder in PRESETS:
        text = page("transports/smtp") + text  # which names only what is other than there
    if issubclass(record_of(folder).load_settings(), HttpSettings):
        text = page("transports/http") + text  # likewise
    found = rows(section(text, folder) if PAGES.get(folder) == "policies" else text)
    assert field in found, f"docs/transports/{PAGES.get(folder, folder)}.md has no row for {folder}'s {field}"
    default = record_of(folder).load_settings().model_fields[field].default
    if isinstance(default, int | float) and not isinstance(default, bool) and default:
        assert re.search(rf"\b{default:g}\b", found[field]), f"{field}: the default is {default}, not: {found[field]}"


@pytest.mark.parametrize("folder", sorted(set(FOLDERS.values())))
def test_every_transport_points_to_its_page(folder: str) -> None:
    assert record_of(folder).docs == f"docs/transports/{PAGES.get(folder, folder)}.md"


@pytest.mark.parametrize("scheme", FOLDERS)
def test_every_scheme_is_in_the_reference_of_dsns(scheme: str) -> None:
    assert re.search(rf"`{re.escape(scheme)}(://|\()", page("reference/dsn"))


def test_every_dsn_in_a_table_of_the_reference_can_be_used() -> None:
    given = re.findall(r"^\| (`.*?`) \| ", page("reference/dsn"), re.MULTILINE)
    for dsn in [each for cell in given for each in re.findall(r"`([^`]+)`", cell)]:
        assert Plugins(insecure="refuse").build(Dsn.parse(dsn))


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_heading_and_its_signature(hook: str) -> None:
    arguments = ", ".join(inspect.signature(getattr(specification, hook)).parameters)
    assert section(page("reference/hooks"), hook).startswith(f"\n`{hook}({arguments})`")


def test_no_hook_is_documented_that_does_not_exist() -> None:
    assert set(re.findall(r"mailbridge_\w+", page("reference/hooks"))) == set(HOOKS)


def test_every_attribute_of_an_error_is_a_row() -> None:
    found = rows(section(page("reference/receipts-and-errors"), "An error"))
    assert set(inspect.signature(MailError).parameters) | {"field", "feature"} <= set(found)


def test_every_attribute_of_a_receipt_is_a_row() -> None:
    found = section(page("reference/receipts-and-errors"), "A receipt")
    assert set(inspect.signature(Receipt).parameters) <= set(rows(found))
    assert [part for part in (*Attempt._fields, *RecipientStatus._fields) if f"`{part}`" not in found] == []


def test_what_a_reply_code_becomes_is_what_the_page_says() -> None:
    table = section(page("reference/receipts-and-errors"), "What a reply code becomes")
    phases: tuple[Phase, ...] = ("connect", "auth", "mail", "rcpt", "final")
    said = re.findall(r"^\| (\d{3})(.*?) \| (.*) \|$", table, re.MULTILINE)
    assert len(said) == 5
    for code, text, cells in said:
        reply = Reply(int(code), "", (text.strip(),))
        found = [
            recipient_row(reply).status.value if phase == "rcpt" else f"`{type(refusal(reply, phase)).__name__}`"
            for phase in phases
        ]
        assert cells.split(" | ") == found


def files(text: str) -> list[str]:
    """Return the files and folders that a page names."""
    return re.findall(r"`((?:\w+/)*\w+(?:\.py|/))`", text)


@pytest.mark.parametrize(("name", "at_least"), [("architecture", 50), ("smtp-engine", 7)])
def test_the_files_that_an_explanation_names_exist(name: str, at_least: int) -> None:
    named = files(page(f"explanation/{name}"))
    assert len(named) > at_least
    places = (PACKAGE, PACKAGE.parent, PACKAGE / "message/mime", PACKAGE / "smtp")
    assert [each for each in named if not any((place / each).exists() for place in places)] == []


def test_the_architecture_names_every_folder() -> None:
    folders = {each.name for each in PACKAGE.iterdir() if (each / "__init__.py").exists()}
    assert folders <= {name.rstrip("/") for name in files(page("explanation/architecture"))}


def test_the_modules_that_pages_tell_to_import_exist() -> None:
    named = {
        found for path in DOCS.rglob("*.md") for found in re.findall(r"`(mailbridge(?:\.[a-z_]+)+)`", path.read_text())
    }
    for name in named - {"mailbridge.toml"}:
        if not name.startswith(("mailbridge.send", "mailbridge.hooks", "mailbridge.plugins", "mailbridge.transports")):
            module, _, attribute = name.rpartition(".")
            assert hasattr(importlib.import_module(module), attribute) or importlib.import_module(name)
