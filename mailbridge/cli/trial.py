"""One send with everything that is known of it, and how it is told; for `test-send` and `demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mailbridge.cli.exits import Exit, exit_code
from mailbridge.cli.telling import (
    outcome_row,
    tell_error,
    tell_json,
    tell_receipt,
    tell_transcript,
    transcript_rows,
)
from mailbridge.errors import MailError, MessageInvalid
from mailbridge.escapes import visible
from mailbridge.extend import MimeTransport

if TYPE_CHECKING:
    from mailbridge.cli.route import Route
    from mailbridge.extend import Delivery, Mime
    from mailbridge.mailer import Mailer
    from mailbridge.message.message import Message
    from mailbridge.receipt import Receipt
    from mailbridge.transcript import Transcript


def send_once(route: Route, message: Message, *, ours: bool = True) -> Receipt | MailError:
    """Send one message; return what became of it. Of one that is `ours` a form of the body may be left out."""
    with route.mailer as mailer:
        try:
            return _sent(mailer, message, route.name, ours=ours)
        except MailError as error:
            return error


def _sent(mailer: Mailer, message: Message, name: str | None = None, *, ours: bool) -> Receipt:
    """Send a message, without what nobody asked for and the transport has no place for: a header, a second form."""
    while True:
        try:
            return mailer.send(message, via=name)
        except MessageInvalid as error:  # before anything was sent
            if error.field == "headers" and message.headers:
                message = message.replace(headers=())
            elif error.field == "text" and ours and message.html is not None:
                message = message.replace(html=None)
            else:
                raise


def tell_trial(
    route: Route,
    message: Message,
    outcome: Receipt | MailError,
    transcript: Transcript | None,
    *,
    as_json: bool,
    **more: Any,
) -> Exit:
    """Tell the outcome, and the dialogue if there is one; return the exit code."""
    if as_json:
        row = outcome_row(outcome) | {"route": route_row(route), "message": message_row(message)} | more
        tell_json(row if transcript is None else row | {"transcript": transcript_rows(transcript)})
        return exit_code(outcome)
    if isinstance(outcome, MailError):
        tell_error(outcome)
    else:
        tell_receipt(outcome)
    if transcript is not None:
        click.echo()
        tell_transcript(transcript)
    return exit_code(outcome)


class DryRun(MimeTransport):
    """Takes the place of a transport: refuses what it would refuse, and keeps the octets instead of sending them."""

    name = "dry-run"
    quick = True

    def __init__(self, features: frozenset[str], shown: str) -> None:
        self.features = features
        self.mime = b""
        self._shown = shown

    def deliver(self, delivery: Delivery, mime: Mime) -> Receipt:
        """Keep the octets."""
        self.mime = bytes(mime)
        return self.accepted(delivery)

    def __str__(self) -> str:
        return self._shown


def tell_dry_run(route: Route, message: Message, *, ours: bool, as_json: bool) -> Exit:
    """Show the message and its way without connecting; raise the MailError that sending would raise at once.

    Hooks are not asked: observers would be told of a message that nobody sent.
    """
    from mailbridge.mailer import Mailer

    transport = route.transport
    kept = DryRun(transport.features, str(transport))
    _sent(Mailer(kept), message, ours=ours)
    text = kept.mime.decode(errors="replace").replace("\r\n", "\n")
    if as_json:
        tell_json(
            {
                "ok": True,
                "exit_code": int(Exit.OK),
                "receipt": None,
                "error": None,
                "route": route_row(route),
                "message": message_row(message),
                "mime": text,
            }
        )
        return Exit.OK
    sender = message.envelope.sender
    click.echo(f"Would be sent by {visible(str(transport))} (mailer {visible(route.name)})")
    click.echo(f"  from {visible(sender.addr_spec) if sender else '<>'}")
    for each in message.envelope.recipients:
        click.echo(f"  to   {visible(each.addr_spec)}")
    click.echo()
    click.echo(visible(text, keep="\n\t"), nl=False)
    return Exit.OK


def route_row(route: Route) -> dict[str, Any]:
    """Return the way as JSON types."""
    return {"mailer": route.name, "transport": str(route.transport)}


def message_row(message: Message) -> dict[str, Any]:
    """Return as JSON types by what a person knows a message."""
    sender = message.envelope.sender
    return {
        "from": ", ".join(map(str, message.from_all)),
        "subject": message.subject,
        "envelope": {
            "sender": sender.addr_spec if sender else "",
            "recipients": [each.addr_spec for each in message.envelope.recipients],
        },
    }
