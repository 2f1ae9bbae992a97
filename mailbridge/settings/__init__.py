"""Settings: of the application (`Settings`), of one mailer, of one transport.

Nothing is imported before it is asked for: `TransportSettings` needs pydantic, `Settings` needs
pydantic-settings as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mailbridge.settings.description import Described
    from mailbridge.settings.mailer import MailerSettings
    from mailbridge.settings.model import Settings
    from mailbridge.settings.transport import TransportSettings

__all__ = ["Described", "MailerSettings", "Settings", "TransportSettings"]

_HOMES = {"Described": "description", "MailerSettings": "mailer", "Settings": "model", "TransportSettings": "transport"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
