"""`mailbridge auth logout`: give a login up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailbridge.cli.auth.provider import authority_of, http_options, performed, store_at, which_account
from mailbridge.cli.command import MailCommand
from mailbridge.cli.exits import Exit

if TYPE_CHECKING:
    from mailbridge.sending.oauth.client import Authority
    from mailbridge.sending.oauth.token import Token


@click.command("logout", cls=MailCommand)
@which_account
@click.option("--local", is_flag=True, help="Only remove the token here; do not tell the provider.")
@click.option("--revoke-url", default="", hidden=True)
def command(
    provider: str, user: str, store: Path | None, local: bool, revoke_url: str, as_json: bool, **options: Any
) -> Exit:
    """Give the login up at PROVIDER, and remove its token.

    Microsoft has nothing to give it up with: there, remove the app in the account's settings.
    """
    from mailbridge.cli.telling import tell_json
    from mailbridge.errors import ConfigError
    from mailbridge.sending.oauth.choice import account_name

    authority = authority_of(provider, **options)
    authority = authority._replace(revoke_url=revoke_url or authority.revoke_url)
    kept, account = store_at(store), account_name(authority, user, smtp=options["smtp"])
    token = kept.load(account)
    if token is None:
        raise ConfigError(
            f"There is no login {account} in {kept.folder}.", hints=["mailbridge auth status shows those there are."]
        )
    problem = "" if local else _revoked(authority, token)
    kept.forget(account)
    if as_json:
        tell_json({"ok": True, "exit_code": 0, "error": None, "account": account, "revoked": not (local or problem)})
    else:
        click.echo(f"The token of {account} is removed.{f' {problem}' if problem else ''}")
    return Exit.OK


def _revoked(authority: Authority, token: Token) -> str:
    """Tell the authority that the login is over; return what to say if that did not work."""
    from mailbridge.errors import MailError
    from mailbridge.sending.oauth.endpoint import posted

    if not authority.revoke_url:
        return f"{authority.title} still knows the login; end it in the account's settings there."
    secret = (token.refresh or token.access).reveal()
    try:
        response = performed(posted(authority.revoke_url, [("token", secret)], http_options()))
    except MailError as error:
        return f"{authority.title} could not be told: {error}"
    if response.successful:
        return ""
    return f"{authority.title} did not take it back (HTTP {response.status}); end the login in the account's settings."
