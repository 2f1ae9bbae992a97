"""`Recent`: the transports that single calls have named, for the next call that names the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from mailbridge.sending.transport import Transport


class Recent:
    """Makes a transport for each different target, once, and forgets the one least recently used.

    A transport is more than its settings: a rate limit or a breaker only works if the next message
    meets the same one.

    Args:
        build: makes a transport.
        limit: how many are kept.
    """

    def __init__(self, build: Callable[[Any], Transport], limit: int = 256) -> None:
        self._build = build
        self._limit = limit
        self._kept: dict[Hashable, Transport] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def transport(self, target: Any) -> Transport:
        """Return the transport of a target: a Secret, a Dsn, or a mapping."""
        key = _key(target)
        with self._lock:
            found = self._kept.pop(key, None) or self._build(target)
            self._kept[key] = found  # at the end again: a dict keeps the order of its insertions
            if len(self._kept) > self._limit:
                del self._kept[next(iter(self._kept))]
        return found


def _key(target: Any) -> Hashable:
    if isinstance(target, Mapping):
        return frozenset((name, _key(value)) for name, value in target.items())
    return tuple(map(_key, target)) if isinstance(target, (list, tuple)) else target
