"""`FlaskEngine`: the templates of an app, its own Jinja environment, behind the port of `Message.from_template`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import current_app, has_app_context
from jinja2 import BaseLoader, FileSystemLoader

from mailbridge.content.engine import Part
from mailbridge.content.jinja import JinjaEngine
from mailbridge.content.place import Place

if TYPE_CHECKING:
    from flask import Flask


class FlaskEngine:
    """Renders with the environment of an app: its filters and globals, context processors, templates of blueprints.

    Escaping and undefined variables are as in all mails: escaped is what ends in HTML, whatever its file is called, and
    what is undefined is an error. It needs no context; without one of this app it makes one, in which `url_for` works
    if SERVER_NAME is set.

    Args:
        app: the app; its environment is not changed.
        folder: where mails lie in its folders of templates; "" for everywhere.
    """

    suffixes = JinjaEngine.suffixes
    one_file = JinjaEngine.one_file
    locale = ""

    def __init__(self, app: Flask, folder: str) -> None:
        self._app = app
        self._prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of mails that there are."""
        loaders = (self._app.jinja_loader, *(each.jinja_loader for each in self._app.iter_blueprints()))
        found = (path / self._prefix for loader in loaders for path in _paths(loader))
        return tuple(dict.fromkeys(path.resolve() for path in found if path.is_dir()))

    def files(self) -> Iterable[str]:
        """Yield the names of all files."""
        for file in self._jinja.files():
            if file.startswith(self._prefix):
                yield file.removeprefix(self._prefix)

    def has(self, file: str) -> bool:
        """Say whether there is such a file."""
        return self._jinja.has(self._prefix + file)

    def render(self, file: str, part: Part, context: dict[str, Any], locale: str | None) -> str:
        """Render a file that is one part of a mail. Raises TemplateError."""
        with self._context():
            return self._jinja.render(self._prefix + file, part, self._processed(file, context), locale)

    def blocks(self, file: str, context: dict[str, Any], locale: str | None) -> Mapping[Part, str]:
        """Render those blocks of a file that are parts of a mail. Raises TemplateError."""
        with self._context():
            return self._jinja.blocks(self._prefix + file, self._processed(file, context), locale)

    def forget(self) -> None:
        """Drop what was compiled."""
        self._jinja.forget()

    @cached_property
    def _jinja(self) -> JinjaEngine:
        """The engine over the app's environment, which is only made now: until then the app may change its options."""
        return JinjaEngine.over(self._app.jinja_env)

    def _context(self) -> AbstractContextManager[Any]:
        if has_app_context() and current_app._get_current_object() is self._app:  # type: ignore[attr-defined]
            return nullcontext()
        return self._app.app_context()

    def _processed(self, file: str, context: dict[str, Any]) -> dict[str, Any]:
        """Add what the context processors of the app, and of the request's blueprints, have to say."""
        try:
            self._app.update_template_context(context)
        except Exception as error:
            raise Place(self._prefix + file).raised(error) from error
        return context


def _paths(loader: BaseLoader | None) -> Iterator[Path]:
    if isinstance(loader, FileSystemLoader):
        yield from map(Path, loader.searchpath)
