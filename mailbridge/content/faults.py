"""Turns what Jinja raises into errors that name template, line and variable, and no value of the context."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from jinja2 import Environment, StrictUndefined, Template, TemplateNotFound, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.utils import missing

from mailbridge.content.place import Place
from mailbridge.errors import MailError, VariableUndefined


class _Lacking(str):
    """What is undefined; `owner` is the kind of object that lacks it, if it is an attribute or an item."""

    owner = ""


class Undefined(StrictUndefined):
    """Like StrictUndefined, but its error holds the name alone, not in the midst of a sentence."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        lacking = _Lacking(self._undefined_name)
        if self._undefined_obj is not missing:
            lacking.owner = type(self._undefined_obj).__name__
        return lacking


@contextmanager
def told(environment: Environment, file: str) -> Iterator[None]:
    """Raise a TemplateError for whatever goes wrong while `file` is rendered."""
    try:
        yield
    except MailError as error:
        _place(error, file).added(error)
        raise
    except TemplateSyntaxError as error:
        raise Place(error.name or file, error.lineno).broken(error.message or "") from None
    except UndefinedError as error:
        raise _undefined(environment, error, file) from None
    except TemplateNotFound as error:
        place = _place(error, file)
        names = getattr(error, "templates", [error.name])
        # A name that does not stand in the template came out of a variable.
        said = [str(name) for name in names if name and str(name) in _source(environment, place)]
        raise place.missing(" or ".join(said)) from None
    except SecurityError as error:
        raise _place(error, file).refused(error.message or "") from None
    except UnicodeDecodeError as error:
        place = _place(error, file)
        if error.encoding == "utf-8":  # what loaders read files as
            raise place.broken("it is not encoded as UTF-8") from None
        raise place.raised(error) from error
    except Exception as error:
        raise _place(error, file).raised(error) from error


def _undefined(environment: Environment, error: UndefinedError, file: str) -> VariableUndefined:
    place = _place(error, file)
    lacking = error.message or ""
    if not isinstance(lacking, _Lacking):
        return VariableUndefined(f"{place}: {lacking}.", template=place.template, line=place.line)
    if not lacking.owner:
        return place.undefined(lacking[:], "{{ " + lacking + "|default('…') }}")
    return place.lacking(_expression(_source(environment, place), lacking), lacking.owner)


def _place(error: Exception, file: str) -> Place:
    """Return the innermost template that took part, and the line in it."""
    place = Place(file)
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            place = Place(template.name or file, template.get_corresponding_lineno(trace.tb_lineno))
        trace = trace.tb_next
    return place


def _source(environment: Environment, place: Place) -> str:
    """Return a line of a template, and a few more, since a statement has the line that it begins in."""
    if environment.loader is None or place.line is None:
        return ""
    try:
        source = environment.loader.get_source(environment, place.template)[0]
    except TemplateNotFound:
        return ""
    return "\n".join(source.splitlines()[place.line - 1 : place.line + 4])


def _expression(source: str, name: str) -> str:
    """Return the expression that ends with this attribute or item; nothing if a variable says which item it is."""
    key = re.escape(name)
    found = re.search(rf"[A-Za-z_][\w.\[\]'\"]*?(?:\.{key}\b|\[\s*(['\"]?){key}\1\s*\])", source)
    return found[0] if found else ""
