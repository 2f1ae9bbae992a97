"""Django's configuration of mail as `mailbridge.Settings`, which the command line understands."""

from __future__ import annotations

from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from pydantic import PrivateAttr

from mailbridge import Settings
from mailbridge_django.configuration import mailer_arguments
from mailbridge_django.roster import mailers

_OF_SETTINGS = ("unsupported", "message_id_domain", "plugins", "insecure")


class CommandSettings(Settings):
    """Settings that also bring the hooks of an alias."""

    _hooks: list[Any] = PrivateAttr(default_factory=list)

    def mailer_options(self) -> dict[str, Any]:
        """Return the arguments of Mailer, with the hooks."""
        return {**super().mailer_options(), "hooks": self._hooks}


def command_settings(using: str) -> CommandSettings:
    """Return all mailers of ours, and what the alias `using` says beside its transport.

    Raises ImproperlyConfigured, ConfigError.
    """
    found = mailers()
    if using not in found and found:
        raise ImproperlyConfigured(f"No mailer of mailbridge's is named {using!r}; there are: {', '.join(found)}.")
    chosen = found.get(using, {})
    named: dict[str, Any] = {alias: mailer_arguments(options)["target"] for alias, options in found.items()}
    further = {name: chosen[name] for name in _OF_SETTINGS if name in chosen}
    made = CommandSettings(mailers=named, default_from=django_settings.DEFAULT_FROM_EMAIL, **further)
    if chosen:
        made._hooks = mailer_arguments(chosen)["hooks"]
    return made
