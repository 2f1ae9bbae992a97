"""`Source`: one plugin, loaded when first looked into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Literal, NamedTuple

from mailbridge.errors import ConfigError
from mailbridge.hooks.implementation import described
from mailbridge.redaction import mask
from mailbridge.sending.plugin import Plugin

GROUP = "mailbridge.transports"

Status = Literal["built in", "given", "installed", "disabled", "broken"]


class Content(NamedTuple):
    """What a plugin turned out to be: records of transports, an object with hooks, or an error."""

    records: tuple[Plugin, ...] = ()
    hooks: object | None = None
    error: str = ""


class Source:
    """One plugin: its name, where it comes from, and what it consists of once it is loaded.

    A plugin is one of
        a record (`mailbridge.extend.Plugin`), or a list of them
        a module or object with `@hookimpl` functions, `mailbridge_providers` among them if it brings
        transports
    A plugin that cannot be loaded is kept with its error; it raises nothing.
    """

    def __init__(self, name: str, status: Status, load: Callable[[], object], distribution: str = "") -> None:
        self.name = name
        self.status: Status = status
        self.distribution = distribution
        self._load = load

    @cached_property
    def content(self) -> Content:
        """What it consists of."""
        try:
            return _content(self._load())
        except Exception as error:  # noqa: BLE001 -- a broken plugin is a row, not a crash
            return Content(error=mask(described(error)))

    @property
    def schemes(self) -> tuple[str, ...]:
        """The schemes of all its transports."""
        return tuple(scheme for record in self.content.records for scheme in record.schemes)

    @property
    def hook_names(self) -> tuple[str, ...]:
        """The hooks it implements."""
        return tuple(name for name in dir(self.content.hooks) if name.startswith("mailbridge_"))


def installed() -> Iterator[Source]:
    """Find the plugins that other distributions name as entry points, sorted by name.

    Nothing else is ever loaded: a DSN or a setting, which may come out of a database, names no module.
    """
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)):
        distribution = f"{point.dist.name} {point.dist.version}" if point.dist else ""
        yield Source(point.name, "installed", point.load, distribution)


def _content(plugin: Any) -> Content:
    if isinstance(plugin, Plugin):
        return Content(records=(plugin,))
    if isinstance(plugin, (list, tuple)):
        return Content(records=_checked(plugin))
    provide = getattr(plugin, "mailbridge_providers", None)
    if provide is not None:
        return Content(records=_checked(provide() or ()), hooks=plugin)
    if any(name.startswith("mailbridge_") for name in dir(plugin)):
        return Content(hooks=plugin)
    raise ConfigError(f"It is neither a Plugin record nor an object with hooks, but of type {type(plugin).__name__}.")


def _checked(records: Any) -> tuple[Plugin, ...]:
    for each in records:
        if not isinstance(each, Plugin):
            raise ConfigError(f"It brings a value of type {type(each).__name__} where a Plugin record is expected.")
    return tuple(records)
