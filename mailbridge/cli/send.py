"""`mailbridge send`: send messages that stand in files or come from standard input."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from mailbridge.cli.command import MailCommand
from mailbridge.cli.exits import Exit
from mailbridge.cli.route import route_options

if TYPE_CHECKING:
    from mailbridge.cli.sources import Item
    from mailbridge.message.message import Message
    from mailbridge.sending.delivery import Outcome


@click.command("send", cls=MailCommand)
@click.argument("files", nargs=-1, metavar="[FILE...]")
@route_options
@click.option(
    "--form",
    type=click.Choice(["auto", "json", "eml"]),
    default="auto",
    help="What the files hold; by default told by their names, or by how they begin.",
)
@click.option(
    "--attach-root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="The only folder from which JSON messages may attach files by path; by default the setting attachment_root.",
)
def command(
    files: tuple[str, ...],
    name: str | None,
    dsn: str | None,
    form: Literal["auto", "json", "eml"],
    attach_root: Path | None,
    as_json: bool,
) -> Exit:
    """Send the messages in FILE, or from standard input (-).

    A file is mail (.eml), or JSON: one message, an array of them, or one on each line. Messages that
    cannot be read or sent are reported, and the others go on; the exit code is that of the worst. With
    --json there is one line for each message, in order.
    """
    from mailbridge.cli.progress import reporting
    from mailbridge.cli.route import open_route
    from mailbridge.cli.sources import Reader, size

    if not files and sys.stdin.isatty():
        raise click.UsageError("Name a FILE, or - for standard input.")
    route = open_route(dsn, name)
    reader = Reader(form=form, sender=route.sender, root=attach_root or route.attachment_root)
    items = reader.read(files or ("-",))
    reported = reporting(as_json=as_json, total=size(files or ("-",)), done=lambda: reader.octets)
    with route.mailer as mailer, reported as report:
        for place, outcome in outcomes(items, lambda messages: mailer.send_many(messages, via=name)):
            report.add(place, outcome)
    return report.code


def outcomes(
    items: Iterable[Item], send_many: Callable[[Iterator[Message]], Iterable[Outcome]]
) -> Iterator[tuple[str, Outcome]]:
    """Send what could be read; yield an outcome for every item, in order."""
    from mailbridge.errors import MailError

    waiting: deque[Item] = deque()

    def readable() -> Iterator[Message]:
        for item in items:
            waiting.append(item)
            if not isinstance(item.content, MailError):
                yield item.content

    def unreadable() -> Iterator[tuple[str, Outcome]]:
        while waiting and isinstance(error := waiting[0].content, MailError):
            yield waiting.popleft().place, error

    for outcome in send_many(readable()):
        yield from unreadable()
        yield waiting.popleft().place, outcome
    yield from unreadable()
