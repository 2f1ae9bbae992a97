"""The transports that come with mailbridge, by scheme.

A table, so that a scheme is found by importing one folder and no other. A test proves that it says
what the folders' own records say.
"""

from __future__ import annotations

from mailbridge.sending.plugin import Plugin

FOLDERS = {
    "console": "console",
    "file": "file",
    "memory": "memory",
    "null": "null",
    "sendmail": "sendmail",
    "smtp": "smtp",
    "smtps": "smtp",
    "lmtp": "smtp",
    "retry": "retry",
    "failover": "failover",
    "roundrobin": "roundrobin",
    "ratelimit": "ratelimit",
    "guard": "guard",
}
"""Scheme → folder of `mailbridge.transports`."""


def record_of(folder: str) -> Plugin:
    """Import the record of `mailbridge.transports.<folder>`."""
    from importlib import import_module

    record: Plugin = import_module(f"mailbridge.transports.{folder}").plugin
    return record
