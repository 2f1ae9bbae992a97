"""`mailbridge auth login`: get a token for somebody's mailbox, and keep it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailbridge.cli.auth.provider import authority_of, http_options, performed, store_at, which_account
from mailbridge.cli.command import MailCommand
from mailbridge.cli.exits import Exit

if TYPE_CHECKING:
    from mailbridge.sending.oauth.client import Authority, Client
    from mailbridge.sending.oauth.token import Token


@click.command("login", cls=MailCommand)
@which_account
@click.option("--client-id", default="", help="The id of the client that you registered; asked for if left out.")
@click.option("--client-secret", default="", help="Its secret; asked for, without showing it, where it is needed.")
@click.option(
    "--client-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Both, as Google's console gives them out.",
)
@click.option("--no-browser", is_flag=True, help="Open no browser; print the address.")
@click.option("--device/--no-device", default=None, help="Type a code on another device; how Outlook does it.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The port on 127.0.0.1 to come back to; any by default."
)
@click.option(
    "--timeout", type=click.FloatRange(1, 3600), default=300.0, show_default=True, help="Seconds to wait for you."
)
@click.option("--authorize-url", default="", hidden=True)
@click.option("--token-url", default="", hidden=True)
@click.option("--device-url", default="", hidden=True)
def command(
    provider: str,
    user: str,
    store: Path | None,
    client_id: str,
    client_secret: str,
    client_file: Path | None,
    no_browser: bool,
    device: bool | None,
    port: int,
    timeout: float,
    as_json: bool,
    **options: Any,
) -> Exit:
    """Log in to PROVIDER, and keep the token for its transport.

    You log in at the provider, in a browser here or on another device; mailbridge sees no password. It
    needs a client of your own there (docs/howto/oauth.md says how to get one).
    """
    from mailbridge.cli.auth.client import client_of
    from mailbridge.errors import AuthFailed
    from mailbridge.sending.oauth.choice import account_name

    places = {name: options.pop(name) for name in ("authorize_url", "token_url", "device_url")}
    authority = authority_of(provider, **options)._replace(**{name: url for name, url in places.items() if url})
    client = client_of(provider, client_id, client_secret, client_file)
    if provider == "outlook" if device is None else device:
        token = _on_another_device(authority, client)
    else:
        token = _in_a_browser(authority, client, user=user, port=port, timeout=timeout, open_it=not no_browser)
    if token.refresh is None:
        raise AuthFailed(
            f"{authority.title} gave no refresh token, without which the login would last an hour.",
            phase="auth",
            hints=["Remove the client's access in your account there, then log in again."],
        )
    kept, account = store_at(store), account_name(authority, user, smtp=options["smtp"])
    kept.save(account, _whole(token, client, authority.token_url))
    _tell(account, str(kept.folder), _dsn(provider, user, store, **options), as_json=as_json)
    return Exit.OK


def _on_another_device(authority: Authority, client: Client) -> Token:
    from mailbridge.escapes import visible
    from mailbridge.sending.oauth.device import begun, finished

    http = http_options()
    code = performed(begun(authority, client, http))
    click.echo(f"Open {visible(code.url)} and type the code {visible(code.code)}. Waiting …", err=True)
    return performed(finished(authority, client, code, http))


def _in_a_browser(
    authority: Authority, client: Client, *, user: str, port: int, timeout: float, open_it: bool
) -> Token:
    import webbrowser
    from secrets import token_urlsafe

    from mailbridge.cli.auth.loopback import Loopback
    from mailbridge.secret import Secret
    from mailbridge.sending.oauth.authorization_code import BrowserLogin

    with Loopback(port) as here:
        login = BrowserLogin(
            authority,
            client,
            redirect_uri=here.address,
            verifier=Secret(token_urlsafe(48)),
            state=token_urlsafe(24),
            user=user,
        )
        click.echo(f"Log in at {login.url}\nWaiting on {here.address} …", err=True)
        if open_it:
            webbrowser.open(login.url)
        code = here.answer(login.code_in, timeout)
    return performed(login.token_for(code, http_options()))


def _whole(token: Token, client: Client, url: str) -> Token:
    """Return the token with what it takes to renew it."""
    from mailbridge.sending.oauth.token import Token

    return Token("", client=client, url=url).succeeded_by(token)


def _dsn(provider: str, user: str, store: Path | None, *, smtp: bool, tenant: str, cloud: str, region: str) -> str:
    """Return the DSN that uses the login."""
    from urllib.parse import quote

    scheme = f"{provider}+smtp" if smtp else {"outlook": "msgraph"}.get(provider, provider)
    said = {
        "oauth": "true" if smtp else "",
        "region": region if provider == "zoho" and region != "us" else cloud if cloud != "global" and not smtp else "",
        "token_store": "" if store is None else str(store.absolute()),
    }
    query = "&".join(f"{name}={quote(value, safe='/')}" for name, value in said.items() if value)
    return f"{scheme}://{quote(user, safe='') + '@' if user else ''}default{'?' if query else ''}{query}"


def _tell(account: str, folder: str, dsn: str, *, as_json: bool) -> None:
    from mailbridge.cli.telling import tell_json

    if as_json:
        tell_json({"ok": True, "exit_code": 0, "error": None, "account": account, "store": folder, "dsn": dsn})
    else:
        click.echo(f"Logged in; the token of {account} is kept in {folder}.\nUse it by {dsn}")
