"""Django's backend of an alias, in both ways that mail is configured."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import mail
from django.utils.module_loading import import_string

from mailbridge_django.backend import EmailBackend
from mailbridge_django.configuration import by_mailers, invalid


def connection(using: str | None = None) -> Any:
    """Return the backend of an alias, as `using=` of Django 6.1 finds it.

    Inside Django's tests it is the one that fills `mail.outbox`, whatever the settings name. Raises
    ImproperlyConfigured.
    """
    if by_mailers():
        return mail.mailers[using or "default"]
    kind = import_string(settings.EMAIL_BACKEND)
    if issubclass(kind, EmailBackend):
        return kind(alias=using)
    if using not in (None, "default") and not hasattr(mail, "outbox"):
        raise invalid(f"EMAIL_BACKEND is {settings.EMAIL_BACKEND}, which has no mailers by name.", using)
    return kind()
