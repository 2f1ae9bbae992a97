"""Every mailer of ours that the project configures, by alias."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from mailbridge_django.backend import EmailBackend
from mailbridge_django.configuration import by_mailers, options_in, options_of, own_settings


def mailers() -> dict[str, Mapping[str, Any]]:
    """Return what the OPTIONS of each alias whose backend is ours say of its Mailer. Raises ImproperlyConfigured."""
    if by_mailers():
        return {alias: _of_mailer(options_in(row, alias)) for alias, row in rows_of_ours()}
    named = own_settings().get("MAILERS", {})
    if not named and not _ours(settings.EMAIL_BACKEND):
        return {}
    return {alias: _of_mailer(options_of(alias)) for alias in {"default": None, **named}}


def rows_of_ours() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the rows of MAILERS whose backend is ours, also where Django does not know that setting yet."""
    for alias, row in getattr(settings, "MAILERS", {}).items():
        if isinstance(row, Mapping) and _ours(row.get("BACKEND", "")):
            yield alias, row


def _of_mailer(options: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in options.items() if name != "fail_silently"}  # which is the backend's


def _ours(path: str) -> bool:
    try:
        found = import_string(path)
    except ImportError:
        return False  # Django says so
    return isinstance(found, type) and issubclass(found, EmailBackend)
