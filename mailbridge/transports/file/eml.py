"""One .eml file a message, as mail programs open them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime

from mailbridge.transports.file.storing import make_directory, put, unguessable


class EmlDirectory:
    """A directory of .eml files whose names sort by the time they were written."""

    def __init__(self, path: str, *, sync: bool) -> None:
        self.path = path
        self.sync = sync

    def prepare(self) -> None:
        """Make the directory where it is missing."""
        make_directory(self.path)

    def store(self, mime: Iterable[bytes], sender: str) -> str:
        """Write one message, lines ending in CRLF, and return its path."""
        self.prepare()
        unique = unguessable()
        temporary = os.path.join(self.path, f".{unique}.tmp")
        path = os.path.join(self.path, f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{unique}.eml")
        put(mime, temporary, path, sync=self.sync)
        return path
