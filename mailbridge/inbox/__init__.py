"""A catch-all SMTP server for development and tests: it takes every message and delivers none."""

from mailbridge.inbox.conduct import Conduct, HangUp
from mailbridge.inbox.listener import CatchAll
from mailbridge.inbox.mailbox import Caught, Mailbox

__all__ = ["CatchAll", "Caught", "Conduct", "HangUp", "Mailbox"]
