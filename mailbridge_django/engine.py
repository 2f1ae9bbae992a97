"""`templates()`: the project's own templates behind the port of `Message.from_template`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.signals import setting_changed
from django.template import engines
from django.utils.translation import get_language, override

from mailbridge import Templates
from mailbridge.content.engine import Part
from mailbridge.content.jinja import JinjaEngine
from mailbridge_django.configuration import template_options
from mailbridge_django.language import Language

FOLDER = "mail"
"""Where mails lie in the folders of templates: `mail/welcome.html`."""


@lru_cache(maxsize=1)
def templates() -> Templates:
    """Return the templates of mails in this project: `mail/welcome.html` and so on, wherever its loaders find them.

    With `"mailbridge_django"` in INSTALLED_APPS they hold for `Message.from_template` by themselves. Raises
    ImproperlyConfigured.
    """
    given = template_options()
    return Templates(
        engine=DjangoEngine(given.get("FOLDER", FOLDER), strict=given.get("STRICT", True)),
        inline_css=given.get("INLINE_CSS", True),
        make_text=given.get("MAKE_TEXT", True),
    )


class DjangoEngine:
    """Renders templates with the backends in the setting TEMPLATES, in their order; with Django's two kinds of them.

    Files of a DjangoTemplates backend have one part each; a Jinja2 backend takes files with blocks too.

    Args:
        folder: where mails lie in the folders of templates.
        strict: whether a variable that is undefined is an error; nothing is printed for it otherwise.
    """

    suffixes = ("",)

    def __init__(self, folder: str = FOLDER, *, strict: bool = True) -> None:
        self._folder = f"{folder.strip('/')}/" if folder else ""
        self._backends = [made for each in engines.all() if (made := _backend(each, strict)) is not None]
        self.one_file = JinjaEngine.one_file if any(isinstance(each, JinjaEngine) for each in self._backends) else ()

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of mails that there are."""
        found = (path / self._folder for backend in self._backends for path in _folders(backend))
        return tuple(dict.fromkeys(path.resolve() for path in found if path.is_dir()))

    @property
    def locale(self) -> str:
        """The active language."""
        return get_language() or ""

    def files(self) -> Iterable[str]:
        """Yield the names of all files."""
        for folder in self.folders:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    yield path.relative_to(folder).as_posix()

    def has(self, file: str) -> bool:
        """Say whether there is such a file."""
        return self._owner(file) is not None

    def render(self, file: str, part: Part, context: dict[str, Any], locale: str | None) -> str:
        """Render a file that is one part of a mail. Raises TemplateError."""
        owner, name = self._owner(file), self._folder + file
        with _speaking(locale):
            if isinstance(owner, Language):
                return owner.render(name, context, escape=part == "html")
            return cast(JinjaEngine, owner).render(name, part, context, locale)

    def blocks(self, file: str, context: dict[str, Any], locale: str | None) -> Mapping[Part, str]:
        """Render those blocks of a file of Jinja's that are parts of a mail. Raises TemplateError."""
        with _speaking(locale):
            return cast(JinjaEngine, self._owner(file)).blocks(self._folder + file, context, locale)

    def forget(self) -> None:
        """Drop what was compiled."""
        for backend in self._backends:
            backend.forget()

    def _owner(self, file: str) -> Language | JinjaEngine | None:
        """Return the first that has a file; none but Jinja takes a file with blocks."""
        blocks = file.endswith(JinjaEngine.one_file)
        for backend in self._backends:
            if (isinstance(backend, JinjaEngine) or not blocks) and backend.has(self._folder + file):
                return backend
        return None


def _backend(backend: Any, strict: bool) -> Language | JinjaEngine | None:
    if hasattr(backend, "env"):
        return JinjaEngine.over(backend.env, map(Path, backend.template_dirs))
    if hasattr(backend, "engine"):
        return Language(backend.engine, strict=strict, cached=not settings.DEBUG)
    return None


def _folders(backend: Language | JinjaEngine) -> Iterable[Path]:
    return backend.folders() if isinstance(backend, Language) else backend.folders


def _speaking(locale: str | None) -> Any:
    return override((locale or get_language() or settings.LANGUAGE_CODE).replace("_", "-").lower())


def _on_setting_changed(*, setting: str, **_: Any) -> None:
    if setting in ("TEMPLATES", "MAILBRIDGE", "INSTALLED_APPS", "DEBUG"):
        templates.cache_clear()


setting_changed.connect(_on_setting_changed, dispatch_uid="mailbridge_django.engine")
