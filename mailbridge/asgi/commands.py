"""`mail_commands`: mailbridge's command line, to be mounted in a framework's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from mailbridge.cli.exits import exit_code
from mailbridge.cli.program import Commands
from mailbridge.errors import ConfigError

if TYPE_CHECKING:
    from mailbridge.settings import Settings


def mail_commands(settings: Callable[[], Settings | None]) -> click.Group:
    """Return all commands as the group `mail`; None of settings leaves it to environment and files."""

    def mail() -> None:
        context = click.get_current_context()
        try:
            context.obj = settings()
        except ConfigError as error:
            click.echo(str(error), err=True)
            context.exit(exit_code(error))

    return Commands(
        name="mail",
        callback=mail,
        help="Send mail, and see what became of it.",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
