"""Files that lie beside templates: images and stylesheets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mailbridge.errors import TemplateError, TemplateMissing

LIMIT = 10 * 1024 * 1024
"""Bytes of one file; a mail that shows more is taken by few servers."""


def read(name: str, folders: Sequence[Path]) -> bytes:
    """Return the content of a file in one of the folders of templates, the first that has it.

    The name may have come out of a template's data, so neither `..` nor a link leads out of them. Raises
    TemplateMissing.
    """
    for folder in folders:
        try:
            path = (folder / name).resolve()
            if path.is_relative_to(folder) and path.is_file():
                with path.open("rb") as file:
                    content = file.read(LIMIT + 1)
                if len(content) > LIMIT:
                    raise TemplateError(f"The file {ascii(name)[:200]} has more than {LIMIT} bytes.")
                return content
        except (OSError, ValueError):  # ValueError: a null byte in the name
            continue
    places = " or ".join(map(str, folders))
    raise TemplateMissing(
        f"There is no file {ascii(name)[:200]}" + (f" in {places}." if places else ": the templates have no folder."),
        hints=["Images and stylesheets are read from the folders of the templates, and from nowhere else."],
    )
