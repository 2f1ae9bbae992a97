"""`JinjaEngine`: renders templates with Jinja."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, get_args

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, Template
from jinja2.runtime import Context

from mailbridge.content.engine import Part
from mailbridge.content.faults import Undefined, told
from mailbridge.content.images import image
from mailbridge.content.languages import (
    FORMATS,
    Catalogue,
    Catalogues,
    catalogues,
    install_formats,
    install_messages,
    speaking,
)
from mailbridge.errors import ConfigError

SUFFIXES = (".jinja", ".j2")
PARTS: tuple[Part, ...] = get_args(Part)

Block = Callable[[Context], Iterator[str]]


class JinjaEngine:
    """Renders templates with an environment of Jinja's, or rather with two made of it.

    Escaping cannot hang on the name of a file: in one file the block `html` is escaped and the block `text`
    is not, and both may include the same third file. So everything that ends in HTML is compiled with
    escaping on, everything else with escaping off; a layout is compiled twice.

    Args:
        environment: loader, globals, filters and extensions; it is not changed.
        folders: where stylesheets and images lie.
        catalogue: finds the messages of a locale, if the environment's own gettext does not.
    """

    suffixes = ("", *SUFFIXES)
    one_file = SUFFIXES
    locale = ""

    def __init__(
        self,
        environment: Environment,
        folders: Iterable[Path] = (),
        catalogue: Callable[[str], Catalogue] | None = None,
    ) -> None:
        self.folders = tuple(folders)
        self._catalogue = catalogue or catalogues(None, "")
        self._escaping = environment.overlay(autoescape=True, undefined=Undefined)
        self._plain = environment.overlay(autoescape=False, undefined=Undefined)

    @classmethod
    def of(
        cls,
        *sources: str | os.PathLike[str] | BaseLoader,
        auto_reload: bool = False,
        globals: Mapping[str, Any] | None = None,
        filters: Mapping[str, Callable[..., Any]] | None = None,
        translations: Catalogues | None = None,
        domain: str = "messages",
    ) -> JinjaEngine:
        """Make one that reads folders, or what loaders of Jinja's load. Raises ConfigError."""
        if not sources:
            raise ConfigError("Templates need at least one folder.")
        folders = [_folder(each) for each in sources if not isinstance(each, BaseLoader)]
        environment = Environment(  # noqa: S701 - escaping is decided above, for each part
            loader=ChoiceLoader([each if isinstance(each, BaseLoader) else FileSystemLoader(each) for each in sources]),
            auto_reload=auto_reload,
            trim_blocks=True,  # a line with nothing but a statement is no line of the text
            lstrip_blocks=True,
        )
        install_messages(environment)
        install_formats(environment)
        environment.globals["image"] = image
        environment.globals.update(globals or {})
        environment.filters.update(filters or {})
        return cls(environment, folders, catalogues(translations, domain))

    @classmethod
    def over(cls, environment: Environment, folders: Iterable[Path] = ()) -> JinjaEngine:
        """Make one that renders with the environment of an application, which is not changed.

        Its own functions and filters go before those of mails (`image` and the formats), and what it adds later
        is seen.
        """
        mails = Environment()  # noqa: S701 - nothing is rendered in it
        install_formats(mails)
        ours = environment.overlay()
        functions = {"image": image, **{name: mails.globals[name] for name in FORMATS}}
        filters = {name: mails.filters[name] for name in FORMATS}
        ours.globals = ChainMap(environment.globals, functions)  # type: ignore[assignment]  # any mapping will do
        ours.filters = ChainMap(environment.filters, filters)  # type: ignore[assignment]
        return cls(ours, folders)

    def files(self) -> Iterable[str]:
        """Yield the names of all files."""
        return self._plain.list_templates()

    def has(self, file: str) -> bool:
        """Say whether there is such a file."""
        from jinja2 import TemplateNotFound

        try:
            self._loader.get_source(self._plain, file)
        except TemplateNotFound:
            return False
        except UnicodeDecodeError:
            pass  # it is there, and rendering it says what is wrong
        return True

    def render(self, file: str, part: Part, context: dict[str, Any], locale: str | None) -> str:
        """Render a file that is one part of a mail. Raises TemplateError."""
        environment = self._escaping if part == "html" else self._plain
        with told(environment, file), self._speaking(locale):
            template = environment.get_template(file)
            return "".join(template.root_render_func(template.new_context(context)))

    def blocks(self, file: str, context: dict[str, Any], locale: str | None) -> Mapping[Part, str]:
        """Render those blocks of a file, or of the layouts that it extends, which are parts of a mail.

        Raises TemplateError.
        """
        found: dict[Part, str] = {}
        for environment, wanted in ((self._plain, ("subject", "text")), (self._escaping, ("html",))):
            with told(environment, file), self._speaking(locale):
                found |= _parts(environment.get_template(file), context, wanted)
        return found

    def forget(self) -> None:
        """Drop what was compiled."""
        for environment in (self._escaping, self._plain):
            if environment.cache is not None:
                environment.cache.clear()

    def _speaking(self, locale: str | None) -> AbstractContextManager[None]:
        return speaking(locale or "", self._catalogue(locale or ""))

    @property
    def _loader(self) -> BaseLoader:
        if self._plain.loader is None:
            raise ConfigError("The environment of Jinja's has no loader.")
        return self._plain.loader


def _parts(template: Template, context: dict[str, Any], wanted: tuple[str, ...]) -> dict[Part, str]:
    """Run a template and the layouts that it extends once; keep what the wanted blocks say and run no other part."""
    found: dict[Part, str] = {}
    run = template.new_context(context)
    for part in PARTS:  # in front of the blocks, as the block of a further template would be
        run.blocks.setdefault(part, []).insert(0, _kept(run, part, found) if part in wanted else _skipped)
    for _ in template.root_render_func(run):
        pass  # what stands outside of the blocks
    for part in PARTS:  # what the layout has no place for
        if part in wanted and part not in found and len(run.blocks[part]) > 1:
            run.blocks[part][0](run)
    return found


def _kept(run: Context, part: Part, found: dict[Part, str]) -> Block:
    def block(context: Context) -> Iterator[str]:
        found[part] = "".join(run.blocks[part][1](context))
        return iter(())

    return block


def _skipped(context: Context) -> Iterator[str]:
    return iter(())


def _folder(path: str | os.PathLike[str]) -> Path:
    folder = Path(path)
    if not folder.is_dir():
        raise ConfigError(f"The folder of templates {ascii(str(folder))[:200]} does not exist.")
    return folder.resolve()
