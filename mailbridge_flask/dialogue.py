"""`Dialogue`: what is said to servers, shown as it is said, for MAIL_DEBUG."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from mailbridge import Transcript
from mailbridge.transcript import Direction
from mailbridge_flask import mail_keys


class Dialogue(Transcript):
    """Writes each line to standard error, secrets masked, and keeps none."""

    def add(self, ms: float, direction: Direction, text: str) -> None:
        """Write one line."""
        super().add(ms, direction, text)
        print(self.pop(), file=sys.stderr)


def dialogue_of(config: Mapping[str, Any]) -> Dialogue | None:
    """Return what shows the dialogues of an app, if it wants them shown."""
    return Dialogue() if mail_keys.debug(config) else None
