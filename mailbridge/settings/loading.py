"""Gathers settings from all their sources, and everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from mailbridge.errors import ConfigError
from mailbridge.settings.environment import from_environment, from_file
from mailbridge.settings.files import find_env_file, find_table
from mailbridge.settings.leaves import Leaf, Leaves, flattened, merged
from mailbridge.settings.problems import NO_MAILER, complaint, nearest, problems_of

if TYPE_CHECKING:
    from mailbridge.settings.model import Settings

S = TypeVar("S", bound="Settings")


def load(
    kind: type[S],
    values: Mapping[str, Any],
    where: str,
    directory: Path | None,
    environment: bool,
    check: Callable[[S], Iterable[str]] | None,
    needs_mailer: bool,
) -> S:
    """Return the settings; raise one ConfigError for all problems."""
    found, problems = _loaded(kind, values, where, (directory or Path.cwd()) if environment else None)
    if found is not None and needs_mailer and not found.mailers and not problems:
        problems = [NO_MAILER]
    if found is None or problems:
        more = check(found) if check is not None and found is not None else ()
        raise complaint("The settings cannot be used", [*problems, *(each.rstrip(".") for each in more)])
    return found


def _loaded(kind: type[S], values: Mapping[str, Any], where: str, directory: Path | None) -> tuple[S | None, list[str]]:
    """Return the settings, or as much of them as can be used, and the problems."""
    layers, problems = _layers(kind, values, where, directory)
    leaves = merged(layers)
    problems += _rootless(leaves)
    found, more = _validated(kind, leaves)
    problems += more
    if found is None:
        return None, problems
    found._origins.update({path: leaf._replace(value=None) for path, leaf in leaves.items()})
    return found, problems


def _validated(kind: type[S], leaves: Leaves) -> tuple[S | None, list[str]]:
    try:
        return kind(**{name: value for name, value in leaves.nested().items() if name in kind.model_fields}), []
    except ValidationError as error:
        problems = problems_of(error, lambda place: _spelled(leaves, place), ())
        places = [row["loc"] for row in error.errors(include_url=False, include_context=False, include_input=False)]
    wrong = {tuple(map(str, place[: 2 if place[:1] == ("mailers",) else 1])) for place in places}
    sound = Leaves({path: leaf for path, leaf in leaves.items() if not {path[:1], path[:2]} & wrong})
    return (_validated(kind, sound)[0] if len(sound) < len(leaves) else None), problems


def _layers(
    kind: type[Settings], values: Mapping[str, Any], where: str, directory: Path | None
) -> tuple[list[Leaves], list[str]]:
    """Read every source, the strongest first; an unreadable one is a problem, not the end."""
    readers: list[Callable[[], tuple[Leaves, list[str]]]] = [partial(_from_table, kind, values, where)]
    if directory is not None:
        readers += [partial(from_environment, kind)]
        readers += [partial(read, kind, directory) for read in (_from_env_file, _from_toml)]
    layers: list[Leaves] = []
    problems: list[str] = []
    for read in readers:
        try:
            leaves, more = read()
        except ConfigError as error:
            leaves, more = Leaves(), [error.text.rstrip(".")]
        layers.append(leaves)
        problems += more
    return layers, problems


def _from_env_file(kind: type[Settings], directory: Path) -> tuple[Leaves, list[str]]:
    file = find_env_file(directory)
    return from_file(kind, file) if file else (Leaves(), [])


def _from_toml(kind: type[Settings], directory: Path) -> tuple[Leaves, list[str]]:
    found = find_table(directory)
    return _from_table(kind, found[1], found[0]) if found else (Leaves(), [])


def _from_table(kind: type[Settings], table: Mapping[str, Any], source: str) -> tuple[Leaves, list[str]]:
    names = ("dsn", *kind.model_fields)
    problems = [f"unknown setting {name}{nearest(name, names)} (in {source})" for name in table if name not in names]
    return flattened(table, source), problems


def _rootless(leaves: Leaves) -> list[str]:
    """Take out the mailers of which only fields are given, and say what is missing."""
    tables = {path[1]: path for path in leaves if path[0] == "mailers" and len(path) > 2}
    roots = {path[1] for path in leaves if path[0] == "mailers" and path[2:] in (("dsn",), ("transport",))}
    problems = []
    for name in tables.keys() - roots:
        given, wanted = leaves[tables[name]], ("dsn", "transport")
        missing = [given.renamed(f"mailers.{name}.{each}") for each in wanted]
        problems.append(f"{given.name} (in {given.source}) is alone; set {' or '.join(missing)} too")
        for path in [path for path in leaves if path[:2] == ("mailers", name)]:
            del leaves[path]
    return sorted(problems)


def _spelled(leaves: Leaves, place: Sequence[int | str]) -> str:
    """Name a place as the person did who wrote it."""
    leaf: Leaf | None = leaves.owner(place[:2] if place[:1] == ("mailers",) else place[:1])
    return f"{leaf.name} (in {leaf.source})" if leaf else ".".join(map(str, place))
