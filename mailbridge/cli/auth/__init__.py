"""`mailbridge auth`: logging in to mail providers by OAuth 2, and what is stored of that."""

from __future__ import annotations

from importlib import import_module

import click

from mailbridge.cli.program import DiscreetGroup

_COMMANDS = ("login", "logout", "status")


class _Commands(DiscreetGroup):
    """Imports a command's module only when the command is asked for, or all of them are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = import_module(f"{__name__}.{cmd_name}").command
        return found


@click.group("auth", cls=_Commands)
def command() -> None:
    """Log in to Gmail, Outlook or Zoho by OAuth 2, see the logins, log out."""
