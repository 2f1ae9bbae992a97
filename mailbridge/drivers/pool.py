"""What a pool keeps, whoever waits for it: idle resources by key, and how many are out."""

from __future__ import annotations

import os
from collections import deque
from typing import Any, Protocol

from mailbridge.flow.operations import Flow

IDLE = 100  # resources kept for later, those of all keys together


class Resource(Protocol):
    """What may be kept in a pool: something with a stream that knows how to say goodbye."""

    @property
    def stream(self) -> Any:
        """The driver's stream."""

    def quit(self) -> Flow[None]:
        """Take leave of the other side and close the stream; never raise."""


class Shelf:
    """The resources of one key: idle ones, newest last, and how many are in use."""

    __slots__ = ("idle", "used")

    def __init__(self) -> None:
        self.idle: deque[Any] = deque()
        self.used = 0

    def take(self, limit: int) -> tuple[bool, Any]:
        """Return (granted, idle resource or None)."""
        if self.idle:
            self.used += 1
            return True, self.idle.pop()  # the newest: old ones may grow idle and be dropped
        if self.used < limit:
            self.used += 1
            return True, None
        return False, None

    def put(self, resource: Any) -> None:
        """Take a resource back, or note that it is gone."""
        self.used = max(self.used - 1, 0)
        if resource is not None:
            self.idle.append(resource)


class Shelves:
    """All shelves of one driver; empty again in a forked child, whose parent owns the connections."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._shelves: dict[object, Shelf] = {}
        self._idle = 0

    @property
    def forked(self) -> bool:
        """Whether this process is not the one that opened the connections."""
        return os.getpid() != self._pid

    def renounce(self) -> None:
        """Let go of the parent's connections: close our copies of the descriptors, say nothing on them."""
        for shelf in self._shelves.values():
            for resource in shelf.idle:
                resource.stream.close()
        self.forget()

    def forget(self) -> None:
        """Let go of connections that belong to an event loop which does not run here.

        They cannot be closed: that would take them off the parent's loop as well, with which a forked
        child shares its selector.
        """
        self._pid = os.getpid()
        self._idle = 0
        self._shelves.clear()

    def shelf(self, key: object) -> Shelf:
        """Return the shelf of this key."""
        found = self._shelves.get(key)
        if found is None:
            found = self._shelves[key] = Shelf()
        return found

    def take(self, key: object, limit: int) -> tuple[bool, Any]:
        """Return (granted, idle resource or None)."""
        granted, resource = self.shelf(key).take(limit)
        if resource is not None:
            self._idle -= 1
        return granted, resource

    def put(self, key: object, resource: Any) -> Any:
        """Take a resource back, or note that it is gone; return one to be closed if there are too many, else None.

        There are many keys where each tenant has a server of his own; their connections would pile up.
        """
        shelf = self.shelf(key)
        shelf.put(resource)
        self._shelves[key] = self._shelves.pop(key)  # the last used stands last
        if resource is None:
            if not shelf.used and not shelf.idle:
                del self._shelves[key]
            return None
        self._idle += 1
        return self._surplus() if self._idle > IDLE else None

    def _surplus(self) -> Any:
        """Take away the resource that was idle longest, of the key least recently used."""
        key, shelf = next((key, shelf) for key, shelf in self._shelves.items() if shelf.idle)
        resource = shelf.idle.popleft()
        self._idle -= 1
        if not shelf.used and not shelf.idle:
            del self._shelves[key]
        return resource

    def drain(self) -> list[tuple[object, Any]]:
        """Take every idle resource off its shelf."""
        drained = [(key, resource) for key, shelf in self._shelves.items() for resource in shelf.idle]
        self._idle = 0
        for shelf in self._shelves.values():
            shelf.idle.clear()
        return drained
