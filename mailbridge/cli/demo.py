"""`mailbridge demo`: a whole send, against a server that this command starts itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mailbridge.cli.command import MailCommand
from mailbridge.cli.exits import Exit

if TYPE_CHECKING:
    from mailbridge.inbox import Caught

_USER = "demo"


@click.command("demo", cls=MailCommand)
@click.argument("to", default="you@example.com")
def command(to: str, as_json: bool) -> Exit:
    """Send a message through a mail server on this machine, and show every step.

    Starts a catch-all SMTP server with STARTTLS and a login, sends the message of `test-send` to TO
    through the SMTP transport, and shows the receipt, the dialogue, and the message as the server got
    it. Needs no settings; nothing leaves the machine. Needs the extra `inbox`.
    """
    from datetime import UTC, datetime
    from secrets import token_urlsafe

    from mailbridge.cli.route import open_route
    from mailbridge.cli.sample import sample_message
    from mailbridge.cli.trial import send_once, tell_trial
    from mailbridge.inbox import CatchAll
    from mailbridge.transcript import Transcript

    with CatchAll(tls="starttls", auth=(_USER, token_urlsafe(12))) as server:
        if not as_json:
            click.echo(f"A catch-all SMTP server listens on {server.host}, port {server.port}.")
        dialogue = Transcript()
        route = open_route(server.dsn, None, dialogue)
        transport = str(route.transport)
        message = sample_message(sender="demo@example.com", to=[to], transport=transport, now=datetime.now(UTC))
        outcome = send_once(route, message)
        caught = server.mailbox.messages
    more: dict[str, Any] = {"caught": [_row(each) for each in caught]} if as_json else {}
    code = tell_trial(route, message, outcome, dialogue, as_json=as_json, **more)
    if not as_json:
        for each in caught:
            _tell(each)
    return code


def _tell(caught: Caught) -> None:
    from mailbridge.escapes import visible

    click.echo("\nThe message as the server got it:")
    click.echo(f"  encrypted by {caught.tls or 'nothing'}, logged in as {caught.authenticated_as or 'nobody'}")
    click.echo(f"  from {caught.envelope_from or '<>'} to {', '.join(caught.recipients)}\n")
    click.echo(visible(_text(caught), keep="\n\t"), nl=False)


def _row(caught: Caught) -> dict[str, Any]:
    return {
        "sender": caught.envelope_from,
        "recipients": list(caught.recipients),
        "tls": caught.tls,
        "authenticated_as": caught.authenticated_as,
        "mime": _text(caught),
    }


def _text(caught: Caught) -> str:
    return caught.raw.decode(errors="replace").replace("\r\n", "\n")
