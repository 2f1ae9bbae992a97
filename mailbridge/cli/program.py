"""The group of commands, and `main`, the console script."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import click

from mailbridge.cli.exits import Exit

if TYPE_CHECKING:
    from mailbridge.settings import Settings

_COMMANDS = {
    "auth": ("mailbridge.cli.auth", "Log in to Gmail, Outlook or Zoho by OAuth 2, see the logins, log out."),
    "capabilities": ("mailbridge.cli.capabilities", "Say what transports can express, and how much they take."),
    "config": ("mailbridge.cli.config", "Show the settings, or check them."),
    "demo": ("mailbridge.cli.demo", "Send a message through a mail server on this machine, and show every step."),
    "plugins": ("mailbridge.cli.plugins", "List transports and hooks: built in, installed, disabled, broken."),
    "preview": ("mailbridge.cli.preview", "Show the templates in FOLDER with sample data, in a browser."),
    "send": ("mailbridge.cli.send", "Send the messages in FILE, or from standard input (-)."),
    "test-send": ("mailbridge.cli.test_send", "Send a test message to TO and show what became of it."),
}
"""Module and summary by name, so that `--help` imports none of them; a test compares the summaries."""


class DiscreetGroup(click.Group):
    """A group whose errors do not repeat the password of a DSN that was given in the wrong place."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that was asked for."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            raise masked(error) from None


class Commands(DiscreetGroup):
    """Imports a command's module only when the command is asked for, and plugins only for an unknown one."""

    _asked_plugins = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*_COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        if cmd_name in _COMMANDS:
            command: click.Command = import_module(_COMMANDS[cmd_name][0]).command
            return command
        if cmd_name not in self.commands and not self._asked_plugins:
            self._asked_plugins = True
            _add_commands_of_plugins(self)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their summaries."""
        rows = {name: summary for name, (_, summary) in _COMMANDS.items()}
        rows |= {name: command.get_short_help_str(80) for name, command in self.commands.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(rows.items()))


def _add_commands_of_plugins(commands: click.Group) -> None:
    from mailbridge.errors import ConfigError
    from mailbridge.plugins import Plugins
    from mailbridge.settings import Settings

    try:
        options = Settings.load().plugin_options()
    except ConfigError:
        return  # without settings no plugin is enabled
    Plugins(**options).hooks.commands(commands)


def masked(error: click.UsageError) -> click.UsageError:
    """Return the error without the credentials that it repeats of the command line."""
    from mailbridge.redaction import mask

    return click.UsageError(mask(error.format_message()), ctx=error.ctx)


def _version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from mailbridge.cli.versions import versions

        click.echo("\n".join(f"{name} {version}" for name, version in versions().items()))
        ctx.exit()


@click.group(cls=Commands, name="mailbridge", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show versions.")
def group() -> None:
    """Send mail, and see what became of it.

    Exit codes: 0 every recipient accepted, 1 refused, 2 wrong command line, 3 wrong configuration,
    4 try again later, 5 outcome unknown, 6 only some recipients accepted, 130 interrupted.
    """


def main(
    arguments: Sequence[str] | None = None, *, prog_name: str = "mailbridge", settings: Settings | None = None
) -> NoReturn:
    """Run the command line and exit with one of the documented codes.

    `settings` take the place of those in the environment and in files, for frameworks that have their own.
    """
    try:
        result = group.main(arguments, prog_name=prog_name, standalone_mode=False, obj=settings)
        sys.stdout.flush()
        code = result if isinstance(result, int) else Exit.OK
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`mailbridge plugins | head`); Python would complain
        # once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.FAILED
    sys.exit(int(code))
