"""`Limits`: how much of this machine the clients of a catch-all server may use."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Bytes a message, recipients a message, connections at a time, seconds of silence."""

    message: int
    recipients: int
    connections: int
    idle: float
