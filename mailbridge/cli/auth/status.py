"""`mailbridge auth status`: which logins are stored."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailbridge.cli.auth.provider import store_at, which_store
from mailbridge.cli.command import MailCommand
from mailbridge.cli.exits import Exit

if TYPE_CHECKING:
    from mailbridge.sending.oauth.file_store import FileTokenStore


@click.command("status", cls=MailCommand)
@which_store
def command(store: Path | None, as_json: bool) -> Exit:
    """Show which logins are stored, and how long their access tokens last.

    An access token that is over is no fault: the next message renews it. Exits with 3 when one of the
    files cannot be used.
    """
    from mailbridge.cli.telling import tell_json

    kept = store_at(store)
    rows = [_row(kept, account) for account in kept.accounts()]
    code = Exit.CONFIG if any(row["problem"] for row in rows) else Exit.OK
    if as_json:
        folder = str(kept.folder)
        tell_json({"ok": code is Exit.OK, "exit_code": int(code), "error": None, "store": folder, "logins": rows})
    else:
        _show(rows, kept)
    return code


def _row(kept: FileTokenStore, account: str) -> dict[str, Any]:
    from mailbridge.errors import ConfigError

    try:
        token = kept.load(account)
    except ConfigError as error:
        return {
            "account": account,
            "client_id": "",
            "scope": "",
            "renewable": False,
            "seconds": None,
            "problem": str(error),
        }
    if token is None:  # removed just now
        return {"account": account, "client_id": "", "scope": "", "renewable": False, "seconds": None, "problem": ""}
    return {
        "account": account,
        "client_id": token.client.id if token.client else "",
        "scope": token.scope,
        "renewable": token.refresh is not None,
        "seconds": max(round(token.expires - time.time()), 0),
        "problem": "",
    }


def _show(rows: list[dict[str, Any]], kept: FileTokenStore) -> None:
    from mailbridge.cli.screen import show_table

    if not rows:
        click.echo(f"No logins in {kept.folder}.")
        return
    show_table(
        ("Account", "Access token", "Renewable", "Client", "Permits"),
        [
            (
                row["account"],
                row["problem"] or _left(row["seconds"]),
                "yes" if row["renewable"] else "no",
                row["client_id"],
                row["scope"],
            )
            for row in rows
        ],
    )


def _left(seconds: int | None) -> str:
    return f"lasts {seconds} s" if seconds else "over"
