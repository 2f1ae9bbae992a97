"""Shows settings: each value, secrets masked, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from mailbridge.message.address import Address
from mailbridge.redaction import MASK
from mailbridge.secret import names_a_secret
from mailbridge.settings.leaves import Leaves, Path

if TYPE_CHECKING:
    from mailbridge.settings.model import Settings


class Described(NamedTuple):
    """One setting as `mailbridge config show` shows it: secrets as asterisks."""

    name: str
    value: str
    source: str


def described(settings: Settings, origins: Leaves) -> list[Described]:
    """Return a row for each setting, those left at their defaults too."""
    return [Described(".".join(path), _shown(path, value), _source(origins, path)) for path, value in _values(settings)]


def _values(settings: Settings) -> Iterator[tuple[Path, Any]]:
    if not settings.mailers:
        yield ("mailers",), None
    for mailer, each in settings.mailers.items():
        for name, value in each.masked().items():
            yield ("mailers", mailer, name), value
    for name in type(settings).model_fields:
        if name != "mailers":
            yield (name,), getattr(settings, name)


def _shown(path: Path, value: Any) -> str:
    if names_a_secret(path[-1]):
        return MASK
    if isinstance(value, (list, tuple)) and all(isinstance(each, (str, Address)) for each in value):
        return ", ".join(map(str, value))
    if isinstance(value, (Mapping, list, bool)):
        return json.dumps(value, default=str)
    return "" if value is None else str(value)


def _source(origins: Leaves, path: Path) -> str:
    leaf = origins.owner(path) if path[0] != "mailers" else origins.get(path) or origins.get(path[:2])
    return f"{leaf.name} in {leaf.source}" if leaf else "default"
