"""Found credentials: looked up by one flow for all, used by many."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import NamedTuple

from mailbridge.extend import Block, ConfigError, Flow, MailError, Sleep, Turn, Wall
from mailbridge.transports.ses.chain import Chain
from mailbridge.transports.ses.signature import Credentials

KEPT = 60.0
"""Seconds for which credentials are used without asking: botocore renews them long before they expire."""

_BARRED = 10.0  # seconds for which it stands that there are none: a thousand messages would ask a thousand times
_PAUSE = 0.005  # seconds between two looks at what another flow found
_WALL = Wall()


class Found(NamedTuple):
    """What a look-up ended with, and when (seconds since 1970)."""

    credentials: Credentials | None
    error: MailError | None
    moment: float


class Lookup:
    """The credentials of a chain, for any number of threads and tasks: while one asks, the others wait."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._turn = Turn()
        self._found: Found | None = None

    def current(self, now: float) -> Flow[Credentials]:
        """Return credentials that are good now. Raises ConfigError, AuthFailed or ConnectFailed."""
        found = self._found
        if found is None:
            return (yield from self._asked(self._chain.credentials))
        age = now - found.moment
        if found.credentials is None:
            if isinstance(found.error, ConfigError) and 0 <= age < _BARRED:
                raise copy(found.error).with_traceback(None)
            return (yield from self._asked(self._chain.credentials))
        if 0 <= age < KEPT:
            return found.credentials
        # The old ones are good for minutes yet, so that only one has to wait for others.
        return (yield from self._asked(self._chain.credentials, meanwhile=found.credentials))

    def renewed(self, refused: str) -> Flow[bool]:
        """Whether there is another session token than the one that was refused; looks it up if need be."""
        found = self._found
        if found is not None and found.credentials is not None and found.credentials.session_token != refused:
            return True
        return (yield from self._asked(self._chain.renewed)).session_token != refused

    def _asked(self, ask: Callable[[], Credentials], meanwhile: Credentials | None = None) -> Flow[Credentials]:
        """Ask the chain, or wait for what another flow is told; `meanwhile` there may be something to go on with."""
        before = self._found
        while (found := self._found) is before or found is None:
            if self._turn.take():
                try:
                    self._found = yield from _told(ask)
                finally:
                    self._turn.give_back()
            elif meanwhile is not None:
                return meanwhile
            else:
                yield Sleep(_PAUSE)
        if found.error is not None:
            raise copy(found.error).with_traceback(None)
        assert found.credentials is not None  # noqa: S101
        return found.credentials


def _told(ask: Callable[[], Credentials]) -> Flow[Found]:
    try:
        credentials: Credentials = yield Block(ask)
    except MailError as error:
        return Found(None, error.with_traceback(None), (yield _WALL))
    return Found(credentials, None, (yield _WALL))
