"""Reads a file below an allowed folder, and no other file.

A path often comes from outside (a form, a row, a template), so it must not reach `/etc/passwd`, by
`..`, by a symbolic link, or by a link put in its place between the check and the opening. Hence no
check of the name: each folder on the way is opened from the one above it, refusing links.
"""

from __future__ import annotations

import os
import stat
from typing import NoReturn

from mailbridge.errors import MessageInvalid

FIELD = "attachments"
StrPath = str | os.PathLike[str]


def read(path: StrPath, root: StrPath, limit: int) -> bytes:
    """Return the content of the regular file `path` (absolute, or from `root`) below the folder `root`.

    `root` itself may be a link: it is the program's own choice. Raises MessageInvalid naming the file
    when it lies elsewhere, cannot be read, or has more than `limit` bytes.
    """
    name = os.fspath(path)
    top = os.path.realpath(root)
    parts = _below(name, os.fspath(root), top)
    try:
        descriptor = _open(top, parts)
    except (OSError, ValueError) as error:
        _refuse(name, _cause(error))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            _refuse(name, "it is not a regular file")
        if status.st_size > limit:
            _refuse(name, f"it has {status.st_size} bytes, more than the limit of {limit}")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(status.st_size + 1)
    finally:
        os.close(descriptor)
    if len(content) != status.st_size:
        _refuse(name, "it changed while it was read")
    return content


def _below(name: str, root: str, top: str) -> list[str]:
    """Return the steps from `top` down to `name`."""
    if not isinstance(name, str):
        _refuse(repr(name), "its name is not text")
    if "://" in name or name.lower().startswith("file:"):
        _refuse(name, "attachments are never fetched from URLs; fetch it yourself and pass the bytes")
    if os.path.isabs(name):
        for start in (os.path.abspath(root), top):
            if name.startswith(start.rstrip(os.sep) + os.sep):
                name = name[len(start.rstrip(os.sep)) + 1 :]
                break
        else:
            _refuse(name, f"it is not below the allowed folder {root}")
    parts = [part for part in name.replace(os.altsep or os.sep, os.sep).split(os.sep) if part not in ("", ".")]
    if not parts or ".." in parts:
        _refuse(name, f"its path leads out of the allowed folder {root}" if parts else "it is no file")
    return parts


def _open(top: str, parts: list[str]) -> int:
    if os.open not in os.supports_dir_fd:
        return _open_by_name(top, parts)
    folder = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = inner
        # O_NONBLOCK: a FIFO must not hold us up until somebody writes to it.
        return os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)


def _open_by_name(top: str, parts: list[str]) -> int:
    """Open by name where the system cannot open from a folder (Windows): links are refused all the same."""
    path = os.path.join(top, *parts)
    if os.path.normcase(os.path.realpath(path)) != os.path.normcase(path):
        raise ValueError("a link on its path leads elsewhere")
    return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))


def _cause(error: OSError | ValueError) -> str:
    import errno

    if isinstance(error, OSError) and error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK):
        return "there is a link, or a file, on its path"
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).lower()


def _refuse(name: str, why: str) -> NoReturn:
    raise MessageInvalid(f"The file {ascii(name)[:200]} cannot be attached: {why}.", field=FIELD)
