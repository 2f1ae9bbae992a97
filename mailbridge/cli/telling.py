"""How outcomes are told: as text for people, as JSON for programs.

The JSON shapes are documented in docs/reference/cli.md and only ever gain keys.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from mailbridge.cli.command import STDOUT
from mailbridge.cli.exits import Exit, exit_code
from mailbridge.errors import MailError
from mailbridge.escapes import visible

if TYPE_CHECKING:
    from mailbridge.receipt import Receipt, RecipientStatus
    from mailbridge.transcript import Transcript


_MANY = 20  # recipients


def tell_json(row: dict[str, Any], *, indent: int | None = 2) -> None:
    """Print one JSON object."""
    stdout = click.get_current_context().meta.get(STDOUT)
    click.echo(json.dumps(row, indent=indent, default=str).replace("\x7f", "\\u007f"), file=stdout)


def tell_error(error: MailError, *, as_json: bool = False) -> None:
    """Say what went wrong and what to do next, on stderr; as JSON, on stdout."""
    if as_json:
        tell_json(outcome_row(error))
        return
    click.echo(f"Error: {sentence(error)}", err=True)
    for address, row in error.recipients.items():
        if row is not None:
            click.echo(f"  {visible(address)}: {_fate(row)}", err=True)


def sentence(error: MailError) -> str:
    """Return what an error says, safe to show; several problems come as a list, a line each."""
    return visible(str(error), keep="\n").replace("\n", "\n  ")


def outcome_row(outcome: Receipt | MailError) -> dict[str, Any]:
    """Return an outcome as JSON types: `ok`, `exit_code`, `receipt` and `error`, one of which is null."""
    code = exit_code(outcome)
    return {
        "ok": code is Exit.OK,
        "exit_code": int(code),
        "receipt": None if isinstance(outcome, MailError) else outcome.to_dict(),
        "error": error_row(outcome) if isinstance(outcome, MailError) else None,
    }


def error_row(error: MailError) -> dict[str, Any]:
    """Return an error as JSON types."""
    return {
        "type": type(error).__name__,
        "text": error.text,
        "hints": list(error.hints),
        "phase": error.phase,
        "code": error.code,
        "enhanced_code": error.enhanced_code,
        "provider_code": error.provider_code,
        "retryable": error.retryable,
        "retry_after": error.retry_after,
        "transport": error.transport,
        "field": getattr(error, "field", ""),
        "recipients": {address: row and row._asdict() for address, row in error.recipients.items()},
        "attempts": [attempt._asdict() for attempt in error.attempts],
    }


def tell_receipt(receipt: Receipt) -> None:
    """Say what a transport did with one message."""
    ms = sum(attempt.ms or 0.0 for attempt in receipt.attempts)
    accepted = len(receipt.accepted)
    verb = "Sent" if accepted else "Not sent"
    click.echo(
        f"{verb} by {visible(receipt.transport)} in {ms:.1f} ms: {accepted} of {len(receipt.recipients)} accepted."
    )
    if receipt.message_id:  # some providers write another one, and do not tell it
        click.echo(f"  Message-ID: {visible(receipt.message_id)}")
    if receipt.provider_id:
        click.echo(f"  Provider's id: {visible(receipt.provider_id)}")
    shown = dict(receipt.recipients)
    if len(shown) > _MANY:  # of a long list only what is not as it should be
        shown = {address: row for address, row in shown.items() if row.status != "accepted"}
    for address, row in shown.items():
        click.echo(f"  {visible(address)}: {_fate(row)}")
    if len(receipt.attempts) > 1:
        for attempt in receipt.attempts:
            result = f"{attempt.error}: {attempt.text}" if attempt.error else "worked"
            click.echo(f"  Attempt {attempt.number} by {visible(attempt.transport)}: {visible(result)}")


def tell_transcript(transcript: Transcript) -> None:
    """Show a dialogue: milliseconds, who spoke, the words."""
    click.echo("Dialogue (ms; C: mailbridge, S: server):" if transcript else "There was no dialogue to show.")
    for line in transcript:
        click.echo(f"{line.ms:10.1f}  {line.direction}  {visible(line.text)}")


def transcript_rows(transcript: Transcript) -> list[dict[str, Any]]:
    """Return a dialogue as JSON types."""
    return [{"ms": round(line.ms, 3), "direction": line.direction, "text": line.text} for line in transcript]


def _fate(row: RecipientStatus) -> str:
    said = " ".join(str(part) for part in (row.code, row.enhanced_code, row.text) if part)
    return f"{row.status.value}{said and f' ({visible(said)})'}"
