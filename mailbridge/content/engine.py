"""`Engine`: the port behind which a template language stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

Part = Literal["subject", "text", "html"]
"""What a file, or a block, is rendered for: variables are escaped in `html`, and nowhere else."""


class Engine(Protocol):
    """Renders single files of one template language.

    Which files a mail is made of, locales, styles, images and the text made from HTML are the business of
    `Templates`, the same for every engine. Jinja's is `mailbridge.content.jinja.JinjaEngine`.

    The context that an engine is given is its own to change.

    Whatever is wrong with a template leaves an engine as a TemplateError that names file and line.
    """

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What may follow the name of a file: `("", ".jinja")` for `welcome.html` and `welcome.html.jinja`."""

    @property
    def one_file(self) -> tuple[str, ...]:
        """How files end that have all parts as blocks: `(".jinja",)`; none if the engine renders no single blocks."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that stylesheets and images may be read from, and where a person looks for templates."""

    @property
    def locale(self) -> str:
        """The locale that holds where neither the call nor `Templates` names one; "" for none."""

    def files(self) -> Iterable[str]:
        """Yield the names of all files, as `account/welcome.html`."""

    def has(self, file: str) -> bool:
        """Say whether there is such a file."""

    def render(self, file: str, part: Part, context: dict[str, Any], locale: str | None) -> str:
        """Render a file that is one part of a mail."""

    def blocks(self, file: str, context: dict[str, Any], locale: str | None) -> Mapping[Part, str]:
        """Render those blocks of a file, or of the layouts that it extends, which are parts of a mail."""

    def forget(self) -> None:
        """Drop what is cached, so that changed files are read again."""
