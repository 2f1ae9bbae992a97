"""`mailbridge plugins`: which transports and hooks there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mailbridge.cli.command import MailCommand
from mailbridge.cli.exits import Exit

if TYPE_CHECKING:
    from mailbridge.plugins import Plugins, Row


@click.command("plugins", cls=MailCommand)
def command(as_json: bool) -> Exit:
    """List transports and hooks: built in, installed, disabled, broken.

    Exits with 3 when a plugin is broken.
    """
    from mailbridge.cli.telling import tell_json

    rows = known_plugins().all()
    code = Exit.CONFIG if any(row.status == "broken" for row in rows) else Exit.OK
    if as_json:
        plugins = [row.to_dict() for row in rows]
        tell_json({"ok": code is Exit.OK, "exit_code": int(code), "error": None, "plugins": plugins})
    else:
        _show(rows)
    return code


def known_plugins() -> Plugins:
    """Return the plugins as the settings have them; where these cannot be used, as they are installed."""
    from mailbridge.errors import ConfigError
    from mailbridge.plugins import Plugins
    from mailbridge.settings import Settings

    try:
        settings = click.get_current_context().find_object(Settings) or Settings.load(needs_mailer=False)
        return Plugins(**settings.plugin_options())
    except ConfigError:
        return Plugins()


def _show(rows: list[Row]) -> None:
    from mailbridge.cli.screen import show_table

    show_table(
        ("Plugin", "Schemes", "Status", "From", "Example", "What it does"),
        [
            (
                row.name,
                ", ".join(row.schemes) or "-",
                _status(row),
                row.distribution or "-",
                " or ".join(row.examples) or "-",
                row.error or row.summary,
            )
            for row in rows
        ],
    )


def _status(row: Row) -> str:
    """Say as well whether its hooks act: they do only when the settings enable the plugin."""
    return f"{row.status}, hooks {'on' if row.active else 'off'}" if row.hooks else row.status
