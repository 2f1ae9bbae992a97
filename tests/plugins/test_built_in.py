"""The table of built-in transports says what the folders say."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

import mailbridge.transports
from mailbridge.dsn import Dsn
from mailbridge.plugins.built_in import FOLDERS, PRESETS, record_of
from mailbridge.settings import TransportSettings

THERE = sorted(
    folder.name
    for place in mailbridge.transports.__path__
    for folder in Path(place).iterdir()
    if (folder / "__init__.py").exists()
)
RECORDS = [*THERE, *PRESETS]


def test_the_table_equals_the_records_of_the_folders() -> None:
    assert {scheme: folder for folder in RECORDS for scheme in record_of(folder).schemes} == FOLDERS


def test_the_table_has_every_preset() -> None:
    from mailbridge.transports.smtp.presets import plugins

    assert tuple(plugins) == PRESETS


@pytest.mark.parametrize("folder", RECORDS)
def test_each_record_is_complete(folder: str) -> None:
    record = record_of(folder)
    assert record.name == folder
    assert record.summary
    assert Dsn.parse(record.example).scheme in record.schemes
    assert bool(Dsn.parse(record.example).inner) == record.policy


@pytest.mark.parametrize("folder", RECORDS)
def test_the_settings_of_each_can_be_described(folder: str) -> None:
    settings = record_of(folder).load_settings()
    assert issubclass(settings, TransportSettings)
    assert issubclass(settings, BaseModel)
    for name, field in settings.model_fields.items():
        assert field.description, f"{settings.__name__}.{name} has no description"
