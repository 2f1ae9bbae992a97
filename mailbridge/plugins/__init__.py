"""Plugins: which transports and hooks there are, and how a DSN becomes a transport."""

from mailbridge.plugins.collection import Plugins
from mailbridge.plugins.row import Row

__all__ = ["Plugins", "Row"]
