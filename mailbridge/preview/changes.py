"""Whether files have changed: by looking, which works on every file system and needs no package."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

LIMIT = 20_000
"""How many files are looked at; a folder with more is not one of templates."""


class Watched:
    """Folders and files whose state can be told apart from an earlier one.

    >>> watched = Watched(["templates"])
    >>> before = watched.stamp()
    >>> watched.stamp() == before
    True
    """

    def __init__(self, paths: Iterable[str | os.PathLike[str]]) -> None:
        self.paths = tuple(Path(path) for path in paths)

    def stamp(self) -> str:
        """Return a short text that is another one as soon as a file came, went or changed."""
        seen = sorted(_states(self.paths))
        return f"{hash(tuple(seen)) & 0xFFFFFFFFFFFFFFFF:016x}"


def _states(paths: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    count = 0
    for path in paths:
        for file in _files(path):
            try:
                state = os.stat(file)
            except OSError:
                continue  # it went while we looked
            count += 1
            if count > LIMIT:
                return
            yield file, state.st_mtime_ns, state.st_size


def _files(path: Path) -> Iterator[str]:
    if path.is_file():
        yield str(path)
    # Links to folders are not followed: they may lead in a circle.
    for folder, names, files in os.walk(path):
        names[:] = [name for name in names if not name.startswith(".") and name != "__pycache__"]
        yield from (os.path.join(folder, file) for file in files)
