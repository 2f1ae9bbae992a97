"""Message-IDs: unique across processes, forks and time, and telling nothing of the sender's machine."""

from __future__ import annotations

import os
from itertools import count
from weakref import WeakSet


class MessageIds:
    """Makes Message-IDs (RFC 5322 section 3.6.4): `<` random prefix `.` counter `@` domain `>`.

    >>> MessageIds()("example.com")                    # doctest: +SKIP
    '<2f9e0c51f5bd4c5e8d.1@example.com>'
    """

    __slots__ = ("__weakref__", "_count", "_prefix")

    def __init__(self) -> None:
        self.renew()
        _all.add(self)

    def renew(self) -> None:
        """Begin again with another prefix: a forked child must not repeat its parent's ids."""
        self._prefix = os.urandom(9).hex()
        self._count = count(1)

    def __call__(self, domain: str) -> str:
        """Return the next one."""
        return f"<{self._prefix}.{next(self._count):x}@{domain}>"


_all: WeakSet[MessageIds] = WeakSet()


def _renew_all() -> None:
    for ids in _all:
        ids.renew()


if hasattr(os, "register_at_fork"):  # absent on Windows, which does not fork
    os.register_at_fork(after_in_child=_renew_all)
