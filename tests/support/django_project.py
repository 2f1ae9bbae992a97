"""Django as the tests configure it: once for the process, and for mail in both ways that there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django
import pytest
from django.conf import settings

from mailbridge import Message, RecipientRefused, hookimpl

if not settings.configured:
    settings.configure(
        SECRET_KEY="of the tests",
        USE_TZ=True,
        DEFAULT_FROM_EMAIL="app@example.com",
        SERVER_EMAIL="server@example.com",
        ALLOWED_HOSTS=["*"],
        # The admin, because the templates for a reset of the password lie there.
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "mailbridge_django",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()

HAS_MAILERS = django.VERSION >= (6, 1)
DEPRECATED = "ignore::django.utils.deprecation.RemovedInDjango2028Warning"
"""For what Django 6.1 warns of whenever it is used: EMAIL_BACKEND, get_connection() and fail_silently."""

WAYS = (
    ["MAILERS", pytest.param("EMAIL_BACKEND", marks=pytest.mark.filterwarnings(DEPRECATED))]
    if HAS_MAILERS
    else ["EMAIL_BACKEND"]
)

Configure = Callable[..., None]


def mail_settings(way: str, mailers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the settings that configure these OPTIONS by alias in one of the two ways."""
    if way == "MAILERS":
        backend = "mailbridge_django.EmailBackend"
        return {"MAILERS": {alias: {"BACKEND": backend, "OPTIONS": each} for alias, each in mailers.items()}}
    return {
        "EMAIL_BACKEND": "mailbridge_django.EmailBackend",
        "MAILBRIDGE": {"MAILERS": {alias: {"OPTIONS": each} for alias, each in mailers.items()}},
    }


class RefuseBob:
    """A hook that refuses one recipient before anything is sent."""

    @hookimpl
    def mailbridge_pre_send(self, message: Message) -> None:
        """Refuse whatever is to bob."""
        if message.to[0].local == "bob":
            raise RecipientRefused("bob is not here")
