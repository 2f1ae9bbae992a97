"""Finds the files that settings are read from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from stat import S_IWOTH
from typing import Any

from mailbridge.errors import ConfigError


def find_env_file(directory: Path) -> Path | None:
    """Return the nearest `.env` from `directory` upward."""
    return next((place / ".env" for place in _places(directory) if (place / ".env").is_file()), None)


def find_table(directory: Path) -> tuple[str, dict[str, Any]] | None:
    """Return the name and content of the nearest `mailbridge.toml`, or `[tool.mailbridge]` of `pyproject.toml`.

    Raises ConfigError for a file that cannot be read.
    """
    for place in _places(directory):
        if (file := place / "mailbridge.toml").is_file():
            return str(file), _read(file)
        if (file := place / "pyproject.toml").is_file():
            table = _read(file).get("tool", {}).get("mailbridge")
            if isinstance(table, dict):
                return f"{file} [tool.mailbridge]", table
    return None


def _places(directory: Path) -> Iterator[Path]:
    """Yield the directory, then those above it within the same project.

    A project ends where `.git` is. Directories above that anybody may write to, such as /tmp, are left
    out: a file that somebody put there would redirect our mail.
    """
    directory = directory.resolve()
    for place in (directory, *directory.parents):
        if place == directory or not place.stat().st_mode & S_IWOTH:
            yield place
        if (place / ".git").exists():
            return


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"The file {file} cannot be read: {error.strerror}.") from None
    except ValueError as error:  # tomllib.TOMLDecodeError, UnicodeDecodeError
        where = error.reason if isinstance(error, UnicodeDecodeError) else str(error)
        raise ConfigError(f"The file {file} is no valid TOML: {where}.") from None
