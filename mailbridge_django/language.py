"""Django's template language as mails need it: what is undefined is an error, text is not escaped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from django.template import Context, Engine, TemplateDoesNotExist, TemplateSyntaxError
from django.template.base import FilterExpression, Node, Template
from django.template.loaders.base import Loader

from mailbridge import MailError
from mailbridge.content.place import Place

_CACHED = "django.template.loaders.cached.Loader"
_LENIENT = frozenset({"default", "default_if_none"})


class Language:
    """The templates of one DjangoTemplates backend, compiled by an engine of our own.

    That engine has the settings of the backend's, but for `string_if_invalid`. What no engine can find: a
    variable that is undefined in `{% if %}`, `{% for %}` or `{% firstof %}` is nothing there, as ever in Django.
    """

    def __init__(self, engine: Engine, *, strict: bool, cached: bool) -> None:
        self._engine = Engine(
            dirs=engine.dirs,
            context_processors=engine.context_processors,
            debug=engine.debug,
            loaders=engine.loaders if cached else _uncached(engine.loaders),
            string_if_invalid=_Invalid() if strict else engine.string_if_invalid,
            file_charset=engine.file_charset,
            libraries=engine.libraries,
            builtins=engine.builtins,
            autoescape=engine.autoescape,
        )

    def has(self, file: str) -> bool:
        """Say whether there is such a file."""
        return any(_exists(origin) for loader in self._loaders() for origin in loader.get_template_sources(file))

    def folders(self) -> Iterable[Path]:
        """Yield the folders that it looks in."""
        for loader in self._loaders():
            yield from map(Path, getattr(loader, "get_dirs", tuple)())

    def render(self, file: str, context: dict[str, Any], *, escape: bool) -> str:
        """Render a file. Raises TemplateError."""
        with _told(file):
            return str.__str__(self._engine.get_template(file).render(Context(context, autoescape=escape)))

    def forget(self) -> None:
        """Drop what was compiled."""
        for loader in self._engine.template_loaders:
            loader.reset()

    def _loaders(self) -> Iterator[Loader]:
        for loader in self._engine.template_loaders:
            yield from getattr(loader, "loaders", [loader])


class _Lacking(Exception):
    """A variable is undefined."""


class _Invalid(str):
    """What Django puts in the place of an undefined variable: an error.

    Django asks three things of it: whether it is empty (then filters are applied to it), whether it has a
    place for the name of the variable, and to put the name there.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        expression = sys._getframe(1).f_locals.get("self")
        return isinstance(expression, FilterExpression) and not any(
            getattr(function, "_filter_name", "") in _LENIENT for function, _ in expression.filters
        )

    def __contains__(self, part: object) -> bool:
        return True

    def __mod__(self, variable: object) -> str:
        raise _Lacking(str(variable))


@contextmanager
def _told(file: str) -> Iterator[None]:
    """Raise a TemplateError for whatever goes wrong while `file` is rendered."""
    try:
        yield
    except TemplateSyntaxError as error:
        place = _place(error, file)
        line = getattr(getattr(error, "token", None), "lineno", place.line)
        raise place._replace(line=line).broken(str(error)) from None
    except TemplateDoesNotExist as error:
        raise _place(error, file).missing(str(error)) from None
    except _Lacking as error:
        variable = str(error)
        raise _place(error, file).undefined(variable, "{{ " + variable + '|default:"…" }}') from None
    except MailError as error:
        _place(error, file).added(error)
        raise
    except Exception as error:
        raise _place(error, file).raised(error) from error


def _place(error: Exception, file: str) -> Place:
    """Return the innermost template that took part, and the line of the tag or variable in it."""
    place = Place(file)
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        subject = trace.tb_frame.f_locals.get("self")
        if isinstance(subject, Template):
            place = Place(subject.origin.template_name or file)
        elif isinstance(subject, Node) and getattr(subject, "token", None) is not None:
            place = Place(subject.origin.template_name or file, subject.token.lineno)
        trace = trace.tb_next
    return place


def _uncached(loaders: Iterable[Any]) -> list[Any]:
    """Return loaders without the one that keeps the work of others: Django empties its own when a file changes."""
    found: list[Any] = []
    for loader in loaders:
        found += loader[1] if not isinstance(loader, str) and loader[0] == _CACHED else [loader]
    return found


def _exists(origin: Any) -> bool:
    try:
        origin.loader.get_contents(origin)
    except (TemplateDoesNotExist, ValueError):  # ValueError: a null byte in the name
        return False
    return True
