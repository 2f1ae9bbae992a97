"""Which templates hold where a call names none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from importlib import import_module
from os import PathLike, fspath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailbridge.content.templates import StrPath, Templates

Find = Callable[[], "Templates | None"]

# By name, as transports come in: settings stand on a floor above, and are not loaded by who has an adapter.
_LAST_RESORT = ("mailbridge.settings.templates", "templates")

_used: ContextVar[Templates | None] = ContextVar("mailbridge_templates", default=None)
_finders: dict[str, Find] = {}


def current() -> Templates:
    """Return the templates that hold here: those of `use`, an adapter's, or those of the settings.

    Raises ConfigError where nothing says which.
    """
    if (used := _used.get()) is not None:
        return used
    for find in reversed(_finders.values()):
        if (found := find()) is not None:
            return found
    module, name = _LAST_RESORT
    templates: Templates = getattr(import_module(module), name)()
    return templates


@contextmanager
def use(templates: Templates) -> Iterator[None]:
    """Let these templates hold within the block, in this thread or task."""
    before = _used.set(templates)
    try:
        yield
    finally:
        _used.reset(before)


def register(name: str, find: Find) -> None:
    """Have an adapter asked which templates hold; it answers None where it has no say (outside of its application).

    The adapter that was registered last is asked first; a second one of the same name takes the place of the first.
    """
    _finders[name] = find


def opened(templates: Templates | StrPath | None) -> Templates | None:
    """Return templates as they are, and those of a folder, which is opened once.

    Raises ConfigError for a folder that does not exist.
    """
    if templates is None:
        return None
    return _of(fspath(templates)) if isinstance(templates, (str, PathLike)) else templates


@lru_cache(maxsize=64)
def _of(folder: str) -> Templates:
    from mailbridge.content.templates import Templates

    return Templates(folder)
