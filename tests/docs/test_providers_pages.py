"""The pages of the transports over HTTP have one shape, and name every setting, region and option."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailbridge.extend import HttpSettings, ProviderOptions
from mailbridge.plugins.built_in import FOLDERS, PRESETS, record_of
from mailbridge.sending.plugin import Plugin

ROOT = Path(__file__).resolve().parents[2]
SHAPE = ["What is said how", "Limits", "Quirks", "When it fails"]
RECORDS = {
    name: record
    for name in sorted(set(FOLDERS.values()) - set(PRESETS))
    if issubclass((record := record_of(name)).load_settings(), HttpSettings)
}
ALL = pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)


def page(record: Plugin) -> str:
    return (ROOT / record.docs).read_text(encoding="utf-8")


def options_of(record: Plugin) -> list[str]:
    """Return the names of the options that a message may give this provider."""
    module = __import__(record.settings.partition(":")[0], fromlist=["*"])
    kinds = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, ProviderOptions)]
    return [name for kind in kinds for name in kind.model_fields]


def test_there_are_as_many_as_were_promised() -> None:
    assert len(RECORDS) >= 17
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    assert [record.name for record in RECORDS.values() if record.docs.removeprefix("docs/") not in index] == []


@ALL
def test_the_page_has_the_shape_of_all_the_others(record: Plugin) -> None:
    heads = re.findall(r"(?m)^## (.+)$", page(record))
    assert [each for each in heads if each in SHAPE] == SHAPE
    assert ("Options" in heads) == ("provider_options" in record.features)
    assert f'"{record.name}://' in page(record)


@ALL
def test_every_setting_of_its_own_and_its_choices_are_named(record: Plugin) -> None:
    text = page(record)
    own = [name for name in record.load_settings().model_fields if name not in HttpSettings.model_fields]
    assert [name for name in own if f"`{name}`" not in text] == []
    transport = record.load_transport()
    regions = [region for region in transport.regions if region]
    assert [region for region in regions if f"`{region}`" not in text] == []


@ALL
def test_every_option_is_named(record: Plugin) -> None:
    options = options_of(record)
    assert [name for name in options if f"`{name}`" not in page(record)] == []
    assert bool(options) == ("provider_options" in record.features)


def test_the_settings_of_all_are_on_the_page_of_all() -> None:
    text = (ROOT / "docs/transports/http.md").read_text(encoding="utf-8")
    shared = HttpSettings.model_fields.keys()
    assert [name for name in shared if f"`{name}`" not in text] == []
