"""`mailbridge capabilities`: what transports can express, and how much they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mailbridge.cli.command import MailCommand
from mailbridge.cli.exits import Exit
from mailbridge.cli.plugins import known_plugins

if TYPE_CHECKING:
    from mailbridge.sending.plugin import Plugin


@click.command("capabilities", cls=MailCommand)
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--markdown", is_flag=True, help="Print the tables of the documentation.")
def command(names: tuple[str, ...], markdown: bool, as_json: bool) -> Exit:
    """Say what transports can express, and how much they take.

    NAME is a transport, or the scheme of a DSN; by default all are shown. A
    policy (retry, failover …) can express what the transports in it can.
    """
    records = _chosen(names)
    if as_json:
        from mailbridge.cli.telling import tell_json

        tell_json({"ok": True, "exit_code": 0, "error": None, "capabilities": [_row(each) for each in records]})
    elif markdown:
        from mailbridge.cli.matrix import markdown_of

        click.echo(markdown_of(records), nl=False)
    else:
        _show(records)
    return Exit.OK


def _chosen(names: tuple[str, ...]) -> list[Plugin]:
    """Return the records with these names or schemes. Raises ConfigError for an unknown one."""
    plugins = known_plugins()
    if names:
        found = [plugins.plugin_for(name) for name in names]
        return list({record.name: record for record in found}.values())
    return [record for record in plugins.records() if not record.policy]


def _row(record: Plugin) -> dict[str, Any]:
    return {
        "name": record.name,
        "schemes": list(record.schemes),
        "features": sorted(record.features),
        "limits": dict(record.limits),
        "docs": record.docs,
    }


def _show(records: list[Plugin]) -> None:
    from mailbridge.cli.screen import show_table

    show_table(
        ("Transport", "Limits", "Features"),
        [
            (
                record.name,
                ", ".join(f"{name} {number}" for name, number in record.limits.items()) or "-",
                ", ".join(sorted(record.features)) or "-",
            )
            for record in records
        ],
    )
