"""Sample data: what templates are shown with.

    # welcome.sample.toml, beside the template
    name = "Ann"                    # what all samples share

    [samples.long-name]             # a sample of its own, laid over it
    name = "Maximiliane von Habsburg-Lothringen"

    [locales.de]                    # laid over every sample when shown in German
    name = "Änne"

Without `samples` there is one, called `default`. JSON has the same shape, in `welcome.sample.json`. A file
`_shared.sample.toml` holds what the templates of its folder and of the folders below share.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, Protocol

from mailbridge.errors import ConfigError

DEFAULT = "default"
SHARED = "_shared"
SUFFIXES = (".sample.toml", ".sample.json")
RESERVED = ("samples", "locales")


class Sample(NamedTuple):
    """Values to show a template with, under a name.

    Attributes:
        name: what it is called.
        context: the values.
        locales: what is laid over them in a locale.
    """

    name: str = DEFAULT
    context: Mapping[str, Any] = {}
    locales: Mapping[str, Mapping[str, Any]] = {}

    def context_in(self, locale: str | None) -> dict[str, Any]:
        """Return the values for a locale; those for `de` hold in `de_AT` too.

        >>> Sample("default", {"user": {"name": "Ann"}}, {"de": {"user": {"name": "Änne"}}}).context_in("de_AT")
        {'user': {'name': 'Änne'}}
        """
        context = dict(self.context)
        for name in _general_first(locale):
            context = overlaid(context, self.locales.get(name, {}))
        return context


class Samples(Protocol):
    """Where sample data comes from."""

    @property
    def paths(self) -> Sequence[Path]:
        """The folders and files it is read from, to be watched for changes."""

    def of(self, template: str) -> list[Sample]:
        """Return the samples of a template, at least one. Raises ConfigError for a file that cannot be read."""

    def place(self, template: str) -> str:
        """Return where a person adds values for a template, as words for a hint."""


class SampleFiles:
    """Samples in files that lie beside the templates, or in folders of their own with the same names in them.

    Args:
        folders: where to look; of several files for a template the first counts.
    """

    def __init__(self, folders: Iterable[str | os.PathLike[str]]) -> None:
        self.paths: tuple[Path, ...] = tuple(map(Path, folders))

    def of(self, template: str) -> list[Sample]:
        """Return the samples of a template."""
        said: dict[str, Any] = {}
        for name in (*_shared_names(template), template):
            if file := self._file(name):
                said = overlaid(said, _read(file))
        return _samples(said)

    def place(self, template: str) -> str:
        """Return the file for a template, relative to its folder; the one to make if there is none."""
        file = self._file(template)
        return file.name if file else PurePosixPath(template).name + SUFFIXES[0]

    def _file(self, name: str) -> Path | None:
        found = [file for folder in self.paths for suffix in SUFFIXES if (file := folder / (name + suffix)).is_file()]
        return found[0] if found else None


class GivenSamples:
    """Samples out of Python: contexts by the names of their templates.

    A context has the shape of a sample file, and may hold what no file can: objects with methods.

    >>> GivenSamples({"welcome": {"name": "Ann"}}).of("welcome")
    [Sample(name='default', context={'name': 'Ann'}, locales={})]
    """

    paths: Sequence[Path] = ()

    def __init__(self, contexts: Mapping[str, Mapping[str, Any]]) -> None:
        self.contexts = contexts

    def of(self, template: str) -> list[Sample]:
        """Return the samples of a template."""
        return _samples(self.contexts.get(template, {}))

    def place(self, template: str) -> str:
        """Return where the values are to be added."""
        return f"samples[{template!r}]"


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with another laid over it: tables are laid over tables, all else replaces.

    >>> overlaid({"a": {"b": 1, "c": [1, 2]}}, {"a": {"c": [3]}})
    {'a': {'b': 1, 'c': [3]}}
    """
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        merged[name] = overlaid(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


def _samples(said: Mapping[str, Any]) -> list[Sample]:
    shared = {name: value for name, value in said.items() if name not in RESERVED}
    named, locales = said.get("samples") or {DEFAULT: {}}, said.get("locales", {})
    return [Sample(name, overlaid(shared, context), locales) for name, context in named.items()]


def _shared_names(template: str) -> Iterator[str]:
    """Yield the names of the shared files from the top folder to that of the template."""
    for folder in reversed(PurePosixPath(template).parents):
        yield str(folder / SHARED)


def _general_first(locale: str | None) -> list[str]:
    """Return a locale after the language it is a form of; both spellings, for files have either."""
    if not locale:
        return []
    language = locale.replace("-", "_").partition("_")[0]
    return list(dict.fromkeys([language, locale.replace("_", "-"), locale.replace("-", "_")]))


def _read(file: Path) -> dict[str, Any]:
    """Read one file. Raises ConfigError that names it, and the line where it stops being TOML or JSON."""
    form = "JSON" if file.suffix == ".json" else "TOML"
    try:
        text = file.read_text(encoding="utf-8")
        said = json.loads(text) if form == "JSON" else tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"The sample file {file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"The sample file {file} is not {form}: {error}.") from error
    if not isinstance(said, dict):
        raise ConfigError(f"The sample file {file} holds no object.", hints=['Write {"name": "Ann"}, say.'])
    for word in RESERVED:
        tables = said.get(word, {})
        if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
            raise ConfigError(
                f"In the sample file {file}, {word!r} is no table of tables.",
                hints=[f'Write [{word}.NAME] with values below it; a variable cannot be called "{word}".'],
            )
    return said
