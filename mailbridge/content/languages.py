"""The language of what is rendered: messages from gettext, dates and numbers by Babel."""

from __future__ import annotations

import gettext
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, pass_context

from mailbridge.content.names import languages
from mailbridge.errors import ConfigError

if TYPE_CHECKING:
    from babel import Locale

Catalogue = gettext.NullTranslations
Catalogues = str | os.PathLike[str] | Callable[[str], Catalogue]
"""A folder such as `locale/`, with `de/LC_MESSAGES/messages.mo`; or what answers the catalogue of a locale."""

FORMATS = ("format_currency", "format_date", "format_datetime", "format_decimal", "format_percent", "format_time")
"""Functions of Babel that templates may call, and use as filters."""

_NONE = Catalogue()
_locale: ContextVar[str] = ContextVar("mailbridge_locale", default="")
_catalogue: ContextVar[Catalogue] = ContextVar("mailbridge_catalogue", default=_NONE)


@contextmanager
def speaking(locale: str, catalogue: Catalogue) -> Iterator[None]:
    """Render in a language: what is within translates and formats by it."""
    spoken, messages = _locale.set(locale), _catalogue.set(catalogue)
    try:
        yield
    finally:
        _catalogue.reset(messages)
        _locale.reset(spoken)


def catalogues(source: Catalogues | None, domain: str) -> Callable[[str], Catalogue]:
    """Return what finds the catalogue of a locale; an empty one where there is none."""
    if source is None:
        return lambda locale: _NONE
    if callable(source):
        return source
    folder = os.fspath(source)
    if not os.path.isdir(folder):
        raise ConfigError(f"The folder of translations {ascii(folder)[:200]} does not exist.")

    @lru_cache(maxsize=256)
    def find(locale: str) -> Catalogue:
        return gettext.translation(domain, folder, languages(locale), fallback=True)

    return find


def install_messages(environment: Environment) -> None:
    """Give an environment `{% trans %}`, `_()` and its kin."""
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
        lambda text: _catalogue.get().gettext(text),
        lambda one, many, count: _catalogue.get().ngettext(one, many, count),
        newstyle=True,
        pgettext=lambda context, text: _catalogue.get().pgettext(context, text),
        npgettext=lambda context, one, many, count: _catalogue.get().npgettext(context, one, many, count),
    )


def install_formats(environment: Environment) -> None:
    """Give an environment Babel's formats; Babel is imported when one is used."""
    for name in FORMATS:
        environment.globals[name] = environment.filters[name] = _format(name)


def _format(name: str) -> Callable[..., Any]:
    # Depends on the context, or Jinja would compute it when the template is compiled, for one locale.
    @pass_context
    def formatted(context: object, *arguments: Any, **options: Any) -> Any:
        try:
            from babel import dates, numbers
        except ImportError:
            raise ConfigError(f"{name} needs Babel.", hints=["Install it: pip install babel."]) from None
        function = getattr(dates, name, None) or getattr(numbers, name)
        return function(*arguments, **{"locale": _spoken(_locale.get()), **options})

    return formatted


@lru_cache(maxsize=256)
def _spoken(locale: str) -> Locale:
    from babel import Locale, UnknownLocaleError

    for each in (*languages(locale), "en"):
        try:
            return Locale.parse(each)
        except (UnknownLocaleError, ValueError):
            continue
    raise AssertionError("Babel knows English")
