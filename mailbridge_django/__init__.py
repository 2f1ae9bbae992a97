"""mailbridge in Django: a mail backend that loses nothing and says what became of each message.

    MAILERS = {"default": {"BACKEND": "mailbridge_django.EmailBackend", "OPTIONS": {"dsn": "smtp://…"}}}  # 6.1
    EMAIL_BACKEND = "mailbridge_django.EmailBackend"  # 5.2 and 6.0, with
    MAILBRIDGE = {"MAILERS": {"default": {"OPTIONS": {"dsn": "smtp://…"}}}}

Names are imported when they are first asked for, so that the package may stand in INSTALLED_APPS
before Django is set up.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from mailbridge_django.backend import EmailBackend

_HOMES = {
    "EmailBackend": "mailbridge_django.backend",
}

__all__ = ["EmailBackend"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
