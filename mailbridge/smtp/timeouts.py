"""How long to wait for a server, in seconds (RFC 5321 section 4.5.3.2 has the minima for relays)."""

from __future__ import annotations

from typing import NamedTuple


class Timeouts(NamedTuple):
    """Seconds to wait: for the connection, the greeting, the answer to a command, the answer to a message.

    Each bounds a whole answer, not one read: a server that drips an octet at a time gains nothing.
    """

    connect: float = 10.0
    greeting: float = 30.0
    command: float = 60.0
    final: float = 600.0
    quit: float = 2.0
