"""`manage.py mailbridge`: the whole command line of mailbridge, with Django's configuration."""

from __future__ import annotations

from argparse import REMAINDER
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from mailbridge import MailError
from mailbridge.cli import main
from mailbridge_django.command_settings import CommandSettings, command_settings

_DJANGOS = ("--settings", "--pythonpath")
"""Options that Django has read already, wherever they stand."""

_WITHOUT_MAILERS = frozenset({"-h", "--help", "--version", "auth", "capabilities", "demo", "plugins", "preview"})


class Command(BaseCommand):  # type: ignore[misc]  # Django has no types
    """Hands its arguments to mailbridge's command line; `--using ALIAS` stands for `--mailer`."""

    requires_system_checks: Sequence[str] = ()  # a broken configuration is what one looks at with it

    @property
    def help(self) -> str:
        """Describe the command in the active language; argparse takes no lazy strings."""
        said: str = _(
            "Run mailbridge's commands with the mailers of this project: manage.py mailbridge test-send you@example.com"
        )
        return said

    def add_arguments(self, parser: Any) -> None:
        """Take whatever follows."""
        parser.add_argument(
            "arguments", nargs=REMAINDER, help=_("a command of mailbridge's and its arguments; or --help")
        )

    def handle(self, *__: Any, arguments: Sequence[str], **___: Any) -> None:
        """Run the command and exit with its code. Raises CommandError for a broken configuration."""
        rest, using = _divided(arguments)
        try:
            settings = command_settings(using)
        except (ImproperlyConfigured, MailError) as error:
            if _sends(rest):
                raise CommandError(_("Mail is not configured: %(error)s") % {"error": error}) from error
            settings = CommandSettings()
        main(rest or ["--help"], prog_name="manage.py mailbridge", settings=settings)


def _sends(arguments: Sequence[str]) -> bool:
    """Say whether a command needs the mailers; the others are what one looks at when they cannot be had."""
    options = {each.partition("=")[0] for each in arguments}
    return bool(arguments) and arguments[0] not in _WITHOUT_MAILERS and options.isdisjoint(("-h", "--help", "--dsn"))


def _divided(arguments: Sequence[str]) -> tuple[list[str], str]:
    """Return the arguments as mailbridge's command line knows them, and the alias they name."""
    rest: list[str] = []
    using = "default"
    pending = iter(arguments)
    for each in pending:
        name, equals, value = each.partition("=")
        if name in (*_DJANGOS, "--using", "--mailer"):
            value = value if equals else next(pending, "")
            if name not in _DJANGOS:
                using = value
                rest += ["--mailer", value]
        else:
            rest.append(each)
    return rest, using
