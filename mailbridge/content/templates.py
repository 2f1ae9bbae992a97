"""`Templates`: makes the content of a message of a template and its data."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mailbridge.content import assets
from mailbridge.content.content import Content
from mailbridge.content.engine import Engine, Part
from mailbridge.content.images import collecting
from mailbridge.content.names import ENDS, Named, languages, read, spellings
from mailbridge.content.nesting import check_nesting
from mailbridge.content.place import Place
from mailbridge.content.plain_text import text_of
from mailbridge.content.styles import inlined
from mailbridge.errors import ConfigError, MailError, TemplateError, TemplateMissing

if TYPE_CHECKING:
    from typing import Self

    from jinja2 import BaseLoader

    from mailbridge.content.languages import Catalogues
    from mailbridge.content.sandbox import Limits

StrPath = str | os.PathLike[str]

# What ends a line for any reader of headers, and white space beside it: a variable must not begin a header of its own.
_SPACE = re.compile("[\t\n\x0b\x0c\r\x1c-\x1f \x85\u2028\u2029]+")


class _Found(NamedTuple):
    """The files that a mail is made of: one with blocks, or one for each part."""

    blocks: str
    files: Mapping[Part, str]

    def place(self, part: Part) -> Place:
        return Place(self.blocks or self.files.get(part, "") or next(iter(self.files.values())))


class Templates:
    """Templates of mails: `welcome.html`, `welcome.txt` and `welcome.subject.txt`, or one `welcome.jinja` with blocks.

    May be shared by threads; what was compiled is kept.

    Args:
        sources: folders, the first that has a file wins; or loaders of Jinja's.
        engine: renders the files, in place of Jinja (then without `sources`).
        inline_css: whether to put styles into the elements; stylesheets are read from `sources` only.
        make_text: whether to make the text of the HTML where a template has none.
        locale: the one that holds where a call names none.
        translations: a folder of gettext catalogues (`de/LC_MESSAGES/messages.mo`), or a function that
            answers the catalogue of a locale; `domain` names the files.
        auto_reload: whether to look at each use if a file has changed; for development.
        globals, filters: names and filters that templates may use besides Jinja's.

    Raises ConfigError for a folder that does not exist.

    >>> templates = Templates("examples/templates/mail", globals={"shop": "ACME"})
    >>> content = templates.render("welcome", {"user": "Ann", "link": "https://example.com/"})
    >>> content.subject
    'Welcome, Ann'
    """

    def __init__(
        self,
        *sources: StrPath | BaseLoader,
        engine: Engine | None = None,
        inline_css: bool = True,
        make_text: bool = True,
        locale: str = "",
        translations: Catalogues | None = None,
        domain: str = "messages",
        auto_reload: bool = False,
        globals: Mapping[str, Any] | None = None,
        filters: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        if engine is None:
            from mailbridge.content.jinja import JinjaEngine

            engine = JinjaEngine.of(
                *sources,
                auto_reload=auto_reload,
                globals=globals,
                filters=filters,
                translations=translations,
                domain=domain,
            )
        elif sources or globals or filters or translations:
            raise ConfigError(
                "Beside an engine there can be no folders, globals, filters or translations: it has its own."
            )
        self.engine = engine
        self.inline_css = inline_css
        self.make_text = make_text
        self.locale = locale
        # Bounded: locales come from users.
        self._find = lru_cache(maxsize=0 if auto_reload else 1024)(self._look)
        self._read = lru_cache(maxsize=0 if auto_reload else 64)(partial(assets.read, folders=engine.folders))

    @classmethod
    def from_strings(
        cls,
        strings: Mapping[str, str],
        *,
        limits: Limits | None = None,
        globals: Mapping[str, Any] | None = None,
        filters: Mapping[str, Callable[..., Any]] | None = None,
        inline_css: bool = True,
        make_text: bool = True,
        locale: str = "",
    ) -> Self:
        """Make templates of strings, from a database for instance, that are not trusted.

        Their names are those that files would have. They run in a sandbox with `limits`: no file is read, no
        method of your objects called, and what would run long or grow large is a TemplateError. Still give
        them plain data, for they may read every attribute. They have no gettext.

        >>> Templates.from_strings({"hi.txt": "Hello {{ user }}"}).render("hi", {"user": "Ann"}).text
        'Hello Ann\\n'
        """
        from mailbridge.content.languages import install_formats
        from mailbridge.content.sandbox import Limits, Sandbox, SandboxEngine

        environment = Sandbox(strings, limits or Limits())
        install_formats(environment)
        environment.globals.update(globals or {})
        environment.filters.update(filters or {})
        engine = SandboxEngine(environment)
        return cls(engine=engine, inline_css=inline_css, make_text=make_text, locale=locale)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of the templates."""
        return self.engine.folders

    def names(self) -> tuple[str, ...]:
        """Return the names of all templates, sorted.

        Files that begin with an underscore, or lie in a folder that does, are layouts and parts of others.
        """
        return tuple(sorted({named.name for named in self._named()}))

    def locales(self, name: str) -> tuple[str, ...]:
        """Return the locales for which a template has files of its own, sorted; "" for those without a locale."""
        return tuple(sorted({named.locale for named in self._named() if named.name == name}))

    def render(self, name: str, context: Mapping[str, Any] | None = None, *, locale: str | None = None) -> Content:
        """Make the content of a message.

        Of `welcome.de_AT.html`, `welcome.de.html` and `welcome.html` the first that exists holds; text and HTML
        are always in the same language. The subject is one line: white space in it is a space. `context` is
        not changed.

        Raises TemplateMissing, TemplateBroken, VariableUndefined, or another TemplateError, with file and line.
        """
        locale = locale or self.locale or self.engine.locale
        found = self._find(name, locale)
        with collecting(self._read) as images:
            parts = self._parts(found, _variables(context, name), locale)
        if not any(part.strip() for name, part in parts.items() if name != "subject"):
            raise found.place("text").refused("nothing came of it, neither text nor HTML")
        html, text = self._finished(parts, found.place("html"))
        return Content(
            subject=_SPACE.sub(" ", parts.get("subject", "")).strip(" ") or None,
            text=text.strip("\n") + "\n" if text.strip() else None,
            html=html if html.strip() else None,
            images=tuple(each for each in images.values() if each.content_id in html),
        )

    def forget(self) -> None:
        """Drop what is cached, so that changed files are read again."""
        self.engine.forget()
        self._find.cache_clear()
        self._read.cache_clear()

    def __repr__(self) -> str:
        return f"Templates({', '.join(map(repr, map(str, self.folders)))})"

    def _parts(self, found: _Found, context: Mapping[str, Any], locale: str) -> Mapping[Part, str]:
        if found.blocks:
            return self.engine.blocks(found.blocks, dict(context), locale)
        return {part: self.engine.render(file, part, dict(context), locale) for part, file in found.files.items()}

    def _finished(self, parts: Mapping[Part, str], place: Place) -> tuple[str, str]:
        """Return the HTML with its styles in the elements, and the text, made of it if need be."""
        html, text = parts.get("html", ""), parts.get("text", "")
        if not html.strip():
            return html, text
        wanting = self.make_text and not text.strip()
        try:
            if self.inline_css or wanting:
                check_nesting(html)
            if self.inline_css:
                html = inlined(html, self._read)
            if wanting:
                text = text_of(html)
        except MailError as error:
            place.added(error)
            raise
        except Exception as error:  # of the libraries; HTML is whatever somebody writes
            raise place.raised(error) from error
        return html, text

    def _named(self) -> Iterator[Named]:
        for file in self.engine.files():
            if named := read(file, self.engine.suffixes, self.engine.one_file):
                yield named

    def _look(self, name: str, locale: str) -> _Found:
        """Find the files of a template: a body whole in one language, a subject perhaps in a more general one."""
        chain = (*languages(locale), "")
        for language in chain:
            blocks = self._first(name, language, self.engine.one_file, ("",))
            body = self._files(name, language, ("text", "html"))
            if blocks and (rest := body or self._files(name, language, ("subject",))):
                raise Place(blocks).refused(f"{', '.join(rest.values())} would say the same; keep one of the two")
            if blocks:
                return _Found(blocks, {})
            if body:
                subjects = (self._files(name, each, ("subject",)) for each in chain[chain.index(language) :])
                return _Found("", {**next(filter(None, subjects), {}), **body})
        raise self._missing(name)

    def _files(self, name: str, language: str, wanted: tuple[Part, ...]) -> dict[Part, str]:
        found = {
            part: self._first(name, language, (end,), self.engine.suffixes)
            for end, part in ENDS.items()
            if part in wanted
        }
        return {part: file for part, file in found.items() if file}

    def _first(self, name: str, language: str, ends: tuple[str, ...], suffixes: tuple[str, ...]) -> str:
        return next(filter(self.engine.has, spellings(name, language, ends, suffixes)), "")

    def _missing(self, name: str) -> TemplateMissing:
        from difflib import get_close_matches

        known = self.names()
        hints = []
        if near := get_close_matches(name, known, n=1, cutoff=0.6):
            hints.append(f"Did you mean {near[0]}?")
        elif known:
            hints.append(f"There are: {', '.join(known[:12])}{' …' if len(known) > 12 else ''}.")
        shown = ascii(name)[1:-1][:200]
        ends = (".html", ".txt", *self.engine.one_file[:1])
        places = " and ".join(map(str, self.folders))
        return TemplateMissing(
            f"There is no template '{shown}': none of {', '.join(shown + end for end in ends)}"
            + (f" in {places}." if places else "."),
            template=shown,
            hints=hints,
        )


def _variables(context: Any, name: str) -> Mapping[str, Any]:
    if context is None:
        return {}
    if isinstance(context, Mapping) and all(isinstance(variable, str) for variable in context):
        return context
    text = f"The template {name}: the context must be a mapping of names to values, as {{'user': …}}."
    raise TemplateError(text, template=name)
