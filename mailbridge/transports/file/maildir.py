"""A Maildir (maildir(5), https://cr.yp.to/proto/maildir.html): any mail program can read along."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime

from mailbridge.transports.file.storing import make_directory, put, unguessable


class Maildir:
    """A Maildir: a message is written in tmp/ and appears in new/."""

    def __init__(self, path: str, *, sync: bool) -> None:
        self.path = path
        self.sync = sync

    def prepare(self) -> None:
        """Make the Maildir and its three folders where they are missing."""
        for folder in ("tmp", "new", "cur"):
            make_directory(os.path.join(self.path, folder))

    def store(self, mime: Iterable[bytes], sender: str) -> str:
        """Write one message, lines ending in LF as every Unix delivery agent writes them; return its path."""
        self.prepare()
        unique = unguessable()
        temporary = os.path.join(self.path, "tmp", unique)
        path = os.path.join(self.path, "new", _name(unique))
        put((each.replace(b"\r\n", b"\n") for each in mime), temporary, path, sync=self.sync)
        return path


def _name(unique: str) -> str:
    """Return `seconds.M<microseconds>P<process>R<random>.host`, the specification's three parts."""
    now = datetime.now(UTC)
    host = os.uname().nodename.replace("/", r"\057").replace(":", r"\072")
    return f"{int(now.timestamp())}.M{now.microsecond}P{os.getpid()}R{unique}.{host}"
