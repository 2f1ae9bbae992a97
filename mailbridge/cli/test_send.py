"""`mailbridge test-send`: send one message and show all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailbridge.cli.command import MailCommand
from mailbridge.cli.exits import Exit
from mailbridge.cli.route import route_options

if TYPE_CHECKING:
    from mailbridge.message.attachment import Attachment


def _text_or_file(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Take `@name` for the content of a file."""
    if value is None or not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise click.BadParameter(f"{value[1:]} is not text in UTF-8; send it with --attach.") from None
    except OSError as error:
        raise click.BadParameter(f"{value[1:]} cannot be read: {error.strerror}.") from None


@click.command("test-send", cls=MailCommand)
@click.argument("to", nargs=-1, required=True, metavar="TO...")
@route_options
@click.option(
    "--from",
    "sender",
    metavar="ADDRESS",
    envvar="MAILBRIDGE_DEFAULT_FROM",
    help="The author; by default the setting default_from, or the user name of the DSN.",
)
@click.option("--subject", metavar="TEXT", help="The subject.")
@click.option("--text", metavar="TEXT", callback=_text_or_file, help="The text; @FILE takes it from a file.")
@click.option("--html", metavar="HTML", callback=_text_or_file, help="The HTML form; @FILE takes it from a file.")
@click.option("--attach", metavar="PATH", multiple=True, help="Attach a file; may be given several times.")
@click.option("--dry-run", is_flag=True, help="Show the message and its way; connect to nobody.")
@click.option("--transcript", is_flag=True, help="Show the dialogue with the server, without passwords.")
def command(
    to: tuple[str, ...],
    name: str | None,
    dsn: str | None,
    sender: str | None,
    subject: str | None,
    text: str | None,
    html: str | None,
    attach: tuple[str, ...],
    dry_run: bool,
    transcript: bool,
    as_json: bool,
) -> Exit:
    """Send a test message to TO and show what became of it.

    Without --text and --html the message says when, from where and by which versions it was sent.
    """
    from datetime import UTC, datetime

    from mailbridge.cli.route import open_route
    from mailbridge.cli.sample import sample_message
    from mailbridge.cli.trial import send_once, tell_dry_run, tell_trial
    from mailbridge.transcript import Transcript

    dialogue = Transcript() if transcript else None
    route = open_route(dsn, name, dialogue)
    author = sender or route.sender
    if not author:
        how = "give --from, or set default_from (MAILBRIDGE_DEFAULT_FROM)"
        raise click.UsageError(f"Nobody is known to send it from: {how}.")
    message = sample_message(
        sender=author,
        to=to,
        transport=str(route.transport),
        now=datetime.now(UTC),
        subject=subject,
        text=text,
        html=html,
        attachments=_attachments(attach),
    )
    ours = text is None and html is None
    if dry_run:
        return tell_dry_run(route, message, ours=ours, as_json=as_json)
    outcome = send_once(route, message, ours=ours)
    return tell_trial(route, message, outcome, dialogue, as_json=as_json)


def _attachments(paths: Sequence[str]) -> list[Attachment]:
    """Read files by name; whoever types the command may read them anyway, links included."""
    from mailbridge.message.attachment import Attachment

    found = [(path, Path(path).resolve()) for path in paths]
    return [Attachment.from_path(real, Path(path).name, root=real.parent) for path, real in found]
