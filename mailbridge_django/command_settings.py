"""Django's configuration of mail as `mailbridge.Settings`, which the command line understands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings as django_settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from pydantic import PrivateAttr

from mailbridge import ConfigError, Settings
from mailbridge.message.address import address
from mailbridge.settings import MailerSettings
from mailbridge_django.configuration import by_mailers, invalid, mailer_arguments
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

    Raises ImproperlyConfigured, ConfigError, MessageInvalid for the sender.
    """
    found = mailers()
    if not found:
        where = '"BACKEND" in MAILERS' if by_mailers() else "EMAIL_BACKEND"
        raise ImproperlyConfigured(f'no mailer is mailbridge\'s; set {where} to "mailbridge_django.EmailBackend".')
    if using not in found:
        foreign = f"; {using!r} has another backend, for `sendtestemail --using {using}`" if _is_mailer(using) else ""
        raise ImproperlyConfigured(
            f"No mailer of mailbridge's is named {using!r}; there are: {', '.join(found)}{foreign}."
        )
    chosen = found[using]
    values = {name: chosen[name] for name in _OF_SETTINGS if name in chosen}
    values["mailers"] = {alias: _target(options, alias) for alias, options in found.items()}
    values["default_from"] = address(str(django_settings.DEFAULT_FROM_EMAIL), "DEFAULT_FROM_EMAIL")
    made = CommandSettings.load(values, environment=False, needs_mailer=False, where="Django's settings")
    made._hooks = mailer_arguments(chosen)["hooks"]
    return made


def _is_mailer(alias: str) -> bool:
    return by_mailers() and alias in mail.mailers


def _target(options: Mapping[str, Any], alias: str) -> Any:
    """Return the DSN or table of a mailer. Raises InvalidMailer (ImproperlyConfigured before Django 6.1)."""
    try:
        target = mailer_arguments(options)["target"]
        MailerSettings.read(target)
    except ConfigError as error:
        raise invalid(str(error), alias) from error
    return target
