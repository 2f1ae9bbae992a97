"""`Context`: what a hook is told about the send beside the message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailbridge.message.value import Value


class Context(Value):
    """Where a message is being sent from; the same for all its attempts.

    Args:
        mailer: the name of the configured mailer, `default` unless the caller chose another.
        asynchronous: whether an asynchronous method sends it; only then may hooks be `async def`.
        extras: what an adapter adds, by its own name: `{"django": {"request_id": …}}`.
    """

    mailer: str = "default"
    asynchronous: bool = False
    extras: Mapping[str, Any] = {}

    def __init__(
        self, mailer: str = "default", *, asynchronous: bool = False, extras: Mapping[str, Any] | None = None
    ) -> None:
        self._set(mailer=mailer, asynchronous=asynchronous)
        if extras:
            self._set(extras=dict(extras))
