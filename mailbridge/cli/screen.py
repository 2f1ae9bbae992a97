"""Tables on the screen, by rich; text in them is text, never markup or terminal control."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from mailbridge.escapes import visible

if TYPE_CHECKING:
    from rich.console import Console


def screen(*, stderr: bool = False) -> Console:
    """Return a rich console; what is not a terminal is as wide as any line, so that nothing is cut for a pipe."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 10_000
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under column titles."""
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for row in rows:
        # Folded, for half a path or half a DSN is of no use to anybody.
        table.add_row(*(Text(visible(str(cell)), overflow="fold") for cell in row))
    console = screen()
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
