"""An mbox file in the dialect mboxrd, the one whose quoting can be undone.

Every line that begins with any number of `>` and then `From ` gets one more `>` (RFC 4155 leaves the
question open; https://www.loc.gov/preservation/digital/formats/fdd/fdd000385.shtml describes mboxrd).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from mailbridge.extend import ConfigError, TimedOut
from mailbridge.transports.file.storing import make_directory

_FROM = re.compile(rb"^(>*From )", re.MULTILINE)
_OPEN = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)


class MailboxLocked(TimedOut):
    """Another program holds the mailbox."""


class Mbox:
    """An mbox file: messages are appended one after the other, under a lock."""

    def __init__(self, path: str, *, sync: bool) -> None:
        self.path = path
        self.sync = sync

    def prepare(self) -> None:
        """Make the file where it is missing."""
        make_directory(os.path.dirname(self.path) or ".")
        os.close(os.open(self.path, _OPEN, 0o600))

    def store(self, mime: Iterable[bytes], sender: str) -> str:
        """Append one message and return the path; raise MailboxLocked at once when it is locked."""
        make_directory(os.path.dirname(self.path) or ".")
        with _locked(self.path) as mailbox:
            size = os.fstat(mailbox).st_size
            try:
                for piece in _entry(mime, sender):
                    _append(mailbox, piece)
                if self.sync:
                    os.fsync(mailbox)
            except BaseException:
                os.ftruncate(mailbox, size)  # half a message would swallow the next one
                raise
        return self.path


def _entry(mime: Iterable[bytes], sender: str) -> Iterator[bytes]:
    """Yield what is appended, piece by piece: a large message is not copied whole.

    Each piece of a message begins at the start of a line.
    """
    yield f"From {sender or 'MAILER-DAEMON'} {datetime.now(UTC).ctime()}\n".encode()
    last = b""
    for each in mime:
        piece = _FROM.sub(rb">\1", each.replace(b"\r\n", b"\n"))
        last = piece or last
        yield piece
    yield b"\n" if last.endswith(b"\n") else b"\n\n"


def _append(mailbox: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(mailbox, rest) :]


@contextmanager
def _locked(path: str) -> Iterator[int]:
    """Open the mailbox and lock it against threads, processes and other mail programs."""
    while True:
        mailbox = os.open(path, _OPEN, 0o600)
        try:
            _lock(mailbox, path)
            if _still_there(mailbox, path):
                yield mailbox
                return
        finally:
            os.close(mailbox)


def _lock(mailbox: int, path: str) -> None:
    try:
        import fcntl
    except ImportError:
        raise ConfigError("The mbox format needs POSIX file locks; use format=eml or format=maildir.") from None
    try:
        # flock() locks belong to the open file: they keep our own threads apart as well. Linux does
        # not show them to the programs that use fcntl() locks, as mail readers do, so there both
        # are taken; elsewhere one list of locks serves both calls.
        fcntl.flock(mailbox, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if sys.platform == "linux":
            fcntl.lockf(mailbox, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise MailboxLocked(
            f"The mailbox {path} is locked by another program.",
            phase="send",
            hints=["Close the program that reads it, or use format=maildir, which needs no locks."],
        ) from None


def _still_there(mailbox: int, path: str) -> bool:
    """Whether `path` is still the file that was opened: a reader may have put a new one there."""
    try:
        return os.path.samestat(os.fstat(mailbox), os.lstat(path))
    except FileNotFoundError:
        return False
