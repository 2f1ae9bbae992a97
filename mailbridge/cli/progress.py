"""How `send` tells what becomes of many messages while it goes on."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from mailbridge.cli.exits import Exit, exit_code, worst
from mailbridge.cli.telling import outcome_row, sentence, tell_error, tell_json, tell_receipt
from mailbridge.errors import MailError
from mailbridge.escapes import visible
from mailbridge.redaction import mask

if TYPE_CHECKING:
    from mailbridge.sending.delivery import Outcome

_WORDS = {
    Exit.OK: "sent",
    Exit.PARTLY: "sent to some recipients only",
    Exit.FAILED: "refused",
    Exit.CONFIG: "not sent for a wrong configuration",
    Exit.TEMPORARY: "to be tried later",
    Exit.UNKNOWN: "with unknown outcome",
}


class Report:
    """Counts outcomes and tells them: each as a line of JSON, or the failures and a summary.

    Args:
        as_json: print one line of JSON for each.
        advance: called with the counts after each.
    """

    def __init__(self, *, as_json: bool = False, advance: Callable[[Counter[Exit]], None] | None = None) -> None:
        self.counts: Counter[Exit] = Counter()
        self._as_json = as_json
        self._advance = advance
        self._first: tuple[str, Outcome] | None = None
        self._begun = time.monotonic()

    @property
    def code(self) -> Exit:
        """The exit code so far: that of the worst outcome."""
        return worst(self.counts)

    def add(self, place: str, outcome: Outcome) -> None:
        """Count one outcome and tell it."""
        place = mask(place)  # a DSN that was taken for the name of a file
        self.counts[exit_code(outcome)] += 1
        if self._as_json:
            tell_json({"place": place, **outcome_row(outcome)}, indent=None)
        elif self._first is None:
            self._first = place, outcome  # a single message is told in full
        else:
            if self.counts.total() == 2:
                self._tell(*self._first)
            self._tell(place, outcome)
        if self._advance is not None:
            self._advance(self.counts)

    def end(self) -> None:
        """Tell the single message, or how many there were."""
        total = self.counts.total()
        if self._as_json:
            return
        if self._first is not None and total == 1:
            self._tell_fully(*self._first)
        else:
            seconds = time.monotonic() - self._begun
            parts = [f"{self.counts[code]} {words}" for code, words in _WORDS.items() if self.counts[code]]
            click.echo(
                f"{total} messages in {seconds:.1f} s: {', '.join(parts)}." if parts else "There was no message."
            )

    def _tell(self, place: str, outcome: Outcome) -> None:
        """Say of one among many only what is not as it should be."""
        if isinstance(outcome, MailError):
            click.echo(f"{visible(place)}: {type(outcome).__name__}: {sentence(outcome)}", err=True)
        elif not outcome.complete:
            rest = ", ".join(f"{address} {row.status}" for address, row in outcome.recipients.items())
            click.echo(f"{visible(place)}: {visible(rest)}", err=True)

    def _tell_fully(self, place: str, outcome: Outcome) -> None:
        if isinstance(outcome, MailError):
            click.echo(f"{visible(place)}:", err=True)
            tell_error(outcome)
        else:
            tell_receipt(outcome)


@contextmanager
def reporting(*, as_json: bool, total: int | None, done: Callable[[], float]) -> Iterator[Report]:
    """Give a report, with a bar on stderr where that is a terminal; it is ended even by Ctrl-C.

    The bar shows how much is `done` of the `total`; where nobody knows the total, only that work goes on.
    """
    if as_json or not sys.stderr.isatty():
        report = Report(as_json=as_json)
        try:
            yield report
        finally:
            report.end()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from mailbridge.cli.screen import screen

    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=screen(stderr=True), transient=True) as bar:
        task = bar.add_task("Sending", total=total)
        report = Report(advance=lambda counts: bar.update(task, description=_counted(counts), completed=done()))
        try:
            yield report
        finally:
            bar.stop()
            report.end()


def _counted(counts: Counter[Exit]) -> str:
    failed = counts.total() - counts[Exit.OK]
    return f"{counts.total():,} messages{f', {failed:,} not sent' if failed else ''}"
