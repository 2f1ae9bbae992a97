"""Every mailer of ours that the project configures, by alias."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core import mail
from django.utils.module_loading import import_string

from mailbridge_django.backend import EmailBackend
from mailbridge_django.configuration import by_mailers, options_of, own_settings


def mailers() -> dict[str, Mapping[str, Any]]:
    """Return the OPTIONS of each alias whose backend is ours. Raises ImproperlyConfigured."""
    if by_mailers():
        rows = mail.mailers.settings
        return {alias: row.get("OPTIONS", {}) for alias, row in rows.items() if _ours(row.get("BACKEND", ""))}
    named = own_settings().get("MAILERS", {})
    if not named and not _ours(settings.EMAIL_BACKEND):
        return {}
    return {alias: options_of(alias) for alias in {"default": None, **named}}


def _ours(path: str) -> bool:
    try:
        found = import_string(path)
    except ImportError:
        return False  # Django says so
    return isinstance(found, type) and issubclass(found, EmailBackend)
