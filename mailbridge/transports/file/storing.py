"""Files that appear whole or not at all, in a place where others may write too.

Names are random and never come from the message. A file is made with O_EXCL and O_NOFOLLOW, so that
neither a symbolic link nor a file put there beforehand is written to; it is readable by its owner
only, and takes its final name when all of it is on the disk.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from mailbridge.extend import ConfigError, MailError, ServerError

# O_NOFOLLOW does not exist on Windows, which has no such links in its usual file systems either.
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_MISPLACED = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ELOOP, errno.EISDIR,
}  # fmt: skip
_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


class Place(Protocol):
    """Where messages go: a directory, a Maildir, an mbox."""

    path: str

    def prepare(self) -> None:
        """Make the place where it is missing."""

    def store(self, mime: Iterable[bytes], sender: str) -> str:
        """Store one message and return the path of the file it is in."""


def unguessable() -> str:
    """Return a name that nobody can have prepared a file for."""
    return os.urandom(12).hex()


def put(data: Iterable[bytes], temporary: str, path: str, *, sync: bool) -> None:
    """Write `data` to `temporary`, then give it the name `path`; on failure neither remains."""
    descriptor = os.open(temporary, NEW, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.writelines(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    if sync:
        try:
            _sync_directory(os.path.dirname(path))
        except OSError:
            os.unlink(path)
            raise


def make_directory(path: str) -> None:
    """Make a directory for its owner only, and its parents likewise; an existing one is left as it is."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    if parent != path:
        make_directory(parent or ".")
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):  # or else another thread was quicker
            raise


@contextmanager
def reported(path: str) -> Iterator[None]:
    """Turn what the operating system says about `path` into a MailError."""
    try:
        yield
    except MailError:  # some of ours are OSErrors too
        raise
    except OSError as error:
        said = f"Cannot store a message in {path}: {error.strerror or error}."
        if error.errno in _FULL:
            hint = "Nothing was kept of it; free some space and send it again."
            raise ServerError(said, phase="send", hints=[hint]) from error
        if error.errno in _MISPLACED:
            hint = "Set path to a place that this user may write to."
            raise ConfigError(said, phase="send", hints=[hint]) from error
        raise ServerError(said, phase="send") from error


def _sync_directory(path: str) -> None:
    # A rename survives a power cut only when the directory has been written as well (fsync(2)).
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
