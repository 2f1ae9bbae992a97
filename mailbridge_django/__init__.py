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

    from mailbridge_django.asynchronous import (
        amail_admins,
        amail_managers,
        asend_mail,
        asend_mass_mail,
        asend_messages,
    )
    from mailbridge_django.backend import EmailBackend
    from mailbridge_django.engine import templates
    from mailbridge_django.mailers import mailer
    from mailbridge_django.serving import keep_connections

_HOMES = {
    "EmailBackend": "mailbridge_django.backend",
    "amail_admins": "mailbridge_django.asynchronous",
    "amail_managers": "mailbridge_django.asynchronous",
    "asend_mail": "mailbridge_django.asynchronous",
    "asend_mass_mail": "mailbridge_django.asynchronous",
    "asend_messages": "mailbridge_django.asynchronous",
    "keep_connections": "mailbridge_django.serving",
    "mailer": "mailbridge_django.mailers",
    "templates": "mailbridge_django.engine",
}

__all__ = [
    "EmailBackend",
    "amail_admins",
    "amail_managers",
    "asend_mail",
    "asend_mass_mail",
    "asend_messages",
    "keep_connections",
    "mailer",
    "templates",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
