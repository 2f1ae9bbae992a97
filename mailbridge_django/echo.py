"""Mails about our own log records, which would go on for ever."""

from __future__ import annotations

import logging
import sys
from types import FrameType

_HANDLE = logging.Handler.handle.__code__
_OURS = "mailbridge"


def is_echo() -> bool:
    """Say whether whoever sends is a log handler that was given a record of ours.

    `AdminEmailHandler` on the root logger mails that a mail failed; that mail fails by the same server, is
    logged, is mailed. A look at the stack finds it in every thread, also behind a QueueListener.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code is _HANDLE:
            name = getattr(frame.f_locals.get("record"), "name", "")
            if str(name).partition(".")[0] == _OURS:
                return True
        frame = frame.f_back
    return False
