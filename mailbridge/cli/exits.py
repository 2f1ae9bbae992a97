"""Exit codes: what a script may conclude without reading a word."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailbridge.errors import MailError
    from mailbridge.receipt import Receipt


class Exit(IntEnum):
    """How a command ended."""

    OK = 0  # every recipient accepted
    FAILED = 1  # refused for good; trying again will not help
    USAGE = 2  # the command line is wrong (click)
    CONFIG = 3  # a setting or credential is wrong
    TEMPORARY = 4  # try again later
    UNKNOWN = 5  # perhaps sent, perhaps not: trying again may send a second copy
    PARTLY = 6  # some recipients accepted, others not
    INTERRUPTED = 130  # Ctrl-C, as shells count it


_WORST_FIRST = (Exit.UNKNOWN, Exit.CONFIG, Exit.FAILED, Exit.TEMPORARY, Exit.PARTLY, Exit.OK)


def exit_code(outcome: Receipt | MailError) -> Exit:
    """Return the code for one outcome."""
    from mailbridge.errors import ConfigError, MailError, OutcomeUnknown

    if not isinstance(outcome, MailError):
        return Exit.OK if outcome.complete else Exit.PARTLY
    if isinstance(outcome, OutcomeUnknown):
        return Exit.UNKNOWN
    if isinstance(outcome, ConfigError):
        return Exit.CONFIG
    return Exit.TEMPORARY if outcome.retryable else Exit.FAILED


def worst(codes: Iterable[Exit]) -> Exit:
    """Return the code for many outcomes: the one that most needs a person."""
    return min(codes, key=_WORST_FIRST.index, default=Exit.OK)
