"""From settings to the source of tokens that they describe."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mailbridge.flow.http import HttpOptions
from mailbridge.sending.oauth.client import Authority, Client
from mailbridge.sending.oauth.file_store import DEFAULT_FOLDER, FileTokenStore
from mailbridge.sending.oauth.given import GivenTokens
from mailbridge.sending.oauth.grants import ClientCredentials, Grant, RefreshToken, ServiceAccount
from mailbridge.sending.oauth.settings import OAuthFields
from mailbridge.sending.oauth.source import Tokens, TokenSource
from mailbridge.sending.oauth.store import MemoryTokenStore, TokenStore


def tokens_for(
    settings: OAuthFields,
    authority: Authority,
    http: HttpOptions,
    *,
    user: str = "",
    smtp: bool = False,
    service_account: Path | None = None,
) -> Tokens:
    """Return the tokens that the settings describe: the first of these that they give.

    A `token`; a service account; a `refresh_token`; a client with its secret, where the authority knows
    applications without a user; or else what `mailbridge auth login` has stored for the user.
    """
    if settings.token is not None:
        return GivenTokens(settings.token)
    again = login_command(authority, user, smtp=smtp)
    way = _way(settings, authority, user, service_account, again)
    return TokenSource(
        way.grant,
        url=settings.token_url,
        usual=authority.token_url,
        http=http,
        store=_store(settings.token_store) or (FileTokenStore(DEFAULT_FOLDER) if way.stored else MemoryTokenStore()),
        account=account_name(authority, user, smtp=smtp) + way.suffix,
        again=again if way.stored else "",
    )


class _Way(NamedTuple):
    """A grant; what the name of the account has besides, and whether `mailbridge auth login` has stored it."""

    grant: Grant
    suffix: str = ""
    stored: bool = False


def _way(settings: OAuthFields, authority: Authority, user: str, service_account: Path | None, again: str) -> _Way:
    client = Client(settings.client_id, settings.client_secret) if settings.client_id else None
    if service_account is not None:
        grant = ServiceAccount(service_account, authority.scope, user, audience=settings.token_url)
        return _Way(grant, "/service-account")
    if settings.refresh_token is not None:
        # Part of the name is the token that it began with: whoever sets another one wants it used.
        begun_with = _fingerprint(settings.refresh_token.reveal())
        return _Way(RefreshToken(client, settings.refresh_token), f"/{settings.client_id}/{begun_with}")
    if client is not None and client.secret is not None and authority.app_scope:
        return _Way(ClientCredentials(client, authority.app_scope), f"/{client.id}/app")
    return _Way(RefreshToken(client, missing=f"Log in first: {again}."), stored=True)


def account_name(authority: Authority, user: str, *, smtp: bool = False) -> str:
    """Return the name under which a login is stored: those for SMTP permit other things."""
    return f"{authority.name}{'+smtp' if smtp else ''}:{user.lower() or 'me'}"


def login_command(authority: Authority, user: str, *, smtp: bool = False) -> str:
    """Return what a person has to type in order to log in."""
    words = [
        "mailbridge auth login",
        authority.name,
        *(["--smtp"] if smtp else []),
        *([f"--user {user}"] if user else []),
    ]
    return " ".join(words)


def _store(given: object) -> TokenStore | None:
    if given is None or not isinstance(given, Path):
        return given  # type: ignore[return-value]  # the settings have looked at its methods
    return FileTokenStore(given)


def _fingerprint(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()[:12]
