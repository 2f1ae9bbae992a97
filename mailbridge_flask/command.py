"""`flask mail …`: commands of mailbridge's own, with the configuration of the app.

They take the same options, print the same and end with the same codes as `mailbridge …`.
"""

from __future__ import annotations

from copy import copy
from functools import update_wrapper
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from mailbridge_flask.configuration import DEFAULT, unconfigured

if TYPE_CHECKING:
    from flask import Flask

    from mailbridge_flask.app_mailer import AppMailer

GROUP = "mail"
_NAME = "mailbridge_flask.name"
_COMMANDS = {
    "check": ("mailbridge.cli.config", "check"),
    "plugins": ("mailbridge.cli.plugins", "command"),
    "preview": ("mailbridge.cli.preview", "command"),
    "show": ("mailbridge.cli.config", "show"),
    "test-send": ("mailbridge.cli.test_send", "command"),
}
"""Module and attribute by name; a server that starts imports none of them."""


def mount(app: Flask) -> None:
    """Add the group to the commands of an app, unless it has one of that name."""
    if GROUP not in app.cli.commands:
        app.cli.add_command(MailGroup(GROUP, callback=_chosen, params=[_name_option()], help=_HELP))


_HELP = """Send a test message with the mailers of this app, check or show their configuration.

Exit codes: 0 every recipient accepted, 1 refused, 2 wrong command line, 3 wrong configuration, 4 try again later,
5 outcome unknown, 6 only some recipients accepted.
"""


def _name_option() -> click.Option:
    return click.Option(["--name"], metavar="NAME", help="The MailBridge to go by, where the app has several.")


def _chosen(name: str | None) -> None:
    click.get_current_context().meta[_NAME] = name


class MailGroup(AppGroup):
    """The group; imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*_COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name; those that an application added come first."""
        if cmd_name in self.commands or cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, attribute = _COMMANDS[cmd_name]
        return _configured(getattr(import_module(module), attribute))


def _configured(command: click.Command) -> click.Command:
    """Return the command, looking for its settings in the current app.

    They are read inside the command, which knows how to tell an error.
    """
    made, work = copy(command), command.callback

    @with_appcontext
    def callback(**options: Any) -> Any:
        ctx = click.get_current_context()
        if options.get("dsn") is None:  # which takes the place of the settings
            mail = _mail(ctx)
            settings = ctx.obj = mail.settings()
            if not settings.mailers and command.name in ("check", "test-send"):
                raise unconfigured(mail.name)
        return ctx.invoke(work, **options)  # type: ignore[arg-type]  # every command of ours has a callback

    made.callback = update_wrapper(callback, work) if work else callback
    return made


def _mail(ctx: click.Context) -> AppMailer:
    known: dict[str, AppMailer] = current_app.extensions["mailbridge"]
    name = ctx.meta.get(_NAME) or (DEFAULT if DEFAULT in known else next(iter(known)))
    if name not in known:
        raise click.UsageError(f"No MailBridge is named {name!r}; there are: {', '.join(known)}.")
    return known[name]
