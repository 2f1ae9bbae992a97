"""Settings as leaves: each single value with the name and the place by which a person knows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError
from mailbridge.secret import Secret

PREFIX = "MAILBRIDGE_"
SEPARATOR = "__"

Path = tuple[str, ...]

_ANEW = ((), ("dsn",), ("transport",))  # whoever gives one of these configures the mailer anew


class Leaf(NamedTuple):
    """A value, the name under which it was given, and where: `MAILBRIDGE_DSN`, `environment`."""

    value: Any
    name: str
    source: str

    def renamed(self, path: str) -> str:
        """Write another dotted name in the way in which this one is written."""
        return variable(path) if self.name.isupper() else path

    def __repr__(self) -> str:
        return f"Leaf({self.name!r}, {self.source!r})"


class Leaves(dict[Path, Leaf]):
    """Leaves by path; `mailers.default.dsn` for the short `dsn`. Prints without values."""

    def __repr__(self) -> str:
        return f"Leaves({[leaf.name for leaf in self.values()]})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("settings may hold secrets and cannot be pickled")

    def owner(self, place: Iterable[str | int]) -> Leaf | None:
        """Return the leaf that a place in the validated settings came from."""
        path = tuple(map(str, place))
        for length in range(len(path), 0, -1):
            for known, leaf in self.items():
                if known[:length] == path[:length]:
                    return leaf
        return None

    def nested(self) -> dict[str, Any]:
        """Return the values as nested mappings."""
        found: dict[str, Any] = {}
        for path, leaf in self.items():
            table = found
            for key in path[:-1]:
                table = table.setdefault(key, {})
            table[path[-1]] = leaf.value
        return found


def flattened(values: Mapping[str, Any], source: str, *, environment: bool = False) -> Leaves:
    """Take nested values apart, and call them by their names in an environment or in a table.

    Raises ConfigError for a mailer given in two ways.
    """
    leaves = Leaves()
    for path, value in _walk(values, ()):
        name = variable(".".join(path)) if environment else ".".join(path)
        if isinstance(value, (str, Secret, Dsn)) or path == ("dsn",):  # whatever it is, nobody shall overlook it
            path = _full(path)
        if (other := next((leaves[each] for each in leaves if _overlap(path, each)), None)) is not None:
            raise ConfigError(f"{name} and {other.name} of {source} say the same; keep one of the two.")
        leaves[path] = Leaf(value, name, source)
    return leaves


def variable(path: str) -> str:
    """Return the variable for a dotted name: `mailers.bulk.dsn` → `MAILBRIDGE_MAILERS__BULK__DSN`."""
    return (PREFIX + path.replace(".", SEPARATOR)).upper()


def merged(layers: Iterable[Leaves]) -> Leaves:
    """Merge layers, the strongest first.

    A mailer that a layer names anew (by `dsn` or `transport`) takes nothing from the layers below,
    where its fields may belong to another transport. Where one layer has a value and another a table,
    the stronger has it.
    """
    found, settled = Leaves(), set[Path]()
    for layer in layers:
        stronger = tuple(found)
        for path, leaf in layer.items():
            if path[:2] not in settled and not any(_overlap(path, each) for each in stronger):
                found[path] = leaf
        settled.update(path[:2] for path in layer if path[0] == "mailers" and path[2:] in _ANEW)
    return found


def _walk(values: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _walk(value, (*path, str(key)))
        else:
            yield (*path, str(key)), value


def _overlap(one: Path, other: Path) -> bool:
    """Say whether two places are the same, or one is within the other."""
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _full(path: Path) -> Path:
    if path == ("dsn",):
        return ("mailers", "default", "dsn")
    return (*path, "dsn") if len(path) == 2 and path[0] == "mailers" else path
