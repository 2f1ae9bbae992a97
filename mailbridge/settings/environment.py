"""Reads variables, from the environment or a `.env` file, by pydantic-settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from mailbridge.settings.leaves import PREFIX, SEPARATOR, Leaves, flattened, variable
from mailbridge.settings.problems import nearest

if TYPE_CHECKING:
    from mailbridge.settings.model import Settings


class _Literal(EnvSettingsSource):
    """Takes only arrays and objects for JSON: the password 12345 stays text."""

    def decode_complex_value(self, field_name: str, field: Any, value: Any) -> Any:
        """Return the value, decoded if it is an array or an object."""
        if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
            return value
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:  # what it should have been is said by the validation that follows
            return value


class _LiteralFile(_Literal, DotEnvSettingsSource):
    """The same for a file."""


def from_environment(settings: type[Settings]) -> tuple[Leaves, list[str]]:
    """Read the environment; return leaves and problems."""
    return _read(settings, _Literal(settings), "the environment")


def from_file(settings: type[Settings], file: Path) -> tuple[Leaves, list[str]]:
    """Read a `.env` file; return leaves and problems."""
    try:
        return _read(settings, _LiteralFile(settings, env_file=file), str(file))
    except OSError as error:
        return Leaves(), [f"the file {file} cannot be read: {error.strerror}"]
    except UnicodeDecodeError:
        return Leaves(), [f"the file {file} is not UTF-8"]


def _read(settings: type[Settings], source: EnvSettingsSource, label: str) -> tuple[Leaves, list[str]]:
    given = {name: value for name, value in source.env_vars.items() if name.startswith(PREFIX.lower()) and value}
    values = {name: value for name, value in source().items() if name in settings.model_fields}
    if short := given.get(f"{PREFIX}dsn".lower()):
        values["dsn"] = short
    problems = [problem for name in given if (problem := _problem(name, given, settings))]
    return flattened(values, label, environment=True), [f"{problem} (in {label})" for problem in problems]


def _problem(name: str, given: Mapping[str, Any], settings: type[Settings]) -> str:
    """Say what is wrong with the name of a variable, if anything is."""
    field, *rest = name.removeprefix(PREFIX.lower()).split(SEPARATOR)
    fields = ("dsn", *settings.model_fields)
    if field not in fields or (rest and field not in ("mailers", "unsupported")):
        return f"unknown setting {name.upper()}{nearest(field, fields, spelled=variable)}"
    deeper = next((each for each in given if each.startswith(name + SEPARATOR)), "")
    if deeper and rest:
        return f"{name.upper()} is text, so that {deeper.upper()} is nowhere; call it {name.upper()}{SEPARATOR}DSN"
    return ""
