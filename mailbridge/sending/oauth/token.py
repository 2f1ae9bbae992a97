"""`Token`: what an authorisation server grants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from mailbridge.secret import Secret, Unpicklable
from mailbridge.sending.oauth.client import Client

MARGIN = 120.0
"""Seconds before its end at which a token is renewed: longer than a request takes, clocks apart included."""

_ONE_REQUEST = 10.0  # seconds


class Token(Unpicklable):
    """An access token, and what is needed to renew it.

    Args:
        access: the access token.
        expires: when it expires, in seconds since 1970; 0 if nobody said.
        renew: from when on it is better renewed, likewise; 2 minutes before it expires by default.
        refresh: the refresh token, if there is one.
        scope: what it permits, as the server said it.
        client: the client it was granted to, where a login was kept together with it.
        url: the token endpoint it came from, likewise.
    """

    __slots__ = ("access", "client", "expires", "refresh", "renew", "scope", "url")

    def __init__(
        self,
        access: Secret | str,
        *,
        expires: float = 0.0,
        renew: float = 0.0,
        refresh: Secret | None = None,
        scope: str = "",
        client: Client | None = None,
        url: str = "",
    ) -> None:
        self.access = Secret(access)
        self.expires = expires
        self.renew = renew or max(expires - MARGIN, 0.0)
        self.refresh = refresh
        self.scope = scope
        self.client = client
        self.url = url

    def is_fresh(self, now: float) -> bool:
        """Whether it need not be renewed yet."""
        return bool(self.access) and (not self.expires or now < self.renew)

    def will_do(self, now: float) -> bool:
        """Whether it is good for one more request, though it may be better renewed."""
        return bool(self.access) and (not self.expires or now + _ONE_REQUEST < self.expires)

    def succeeded_by(self, fresh: Token) -> Token:
        """Return a renewed token with what the server does not repeat: refresh token, scope, client, endpoint."""
        return Token(
            fresh.access,
            expires=fresh.expires,
            renew=fresh.renew,
            refresh=fresh.refresh or self.refresh,
            scope=fresh.scope or self.scope,
            client=self.client,
            url=self.url,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, secrets included: for a store, and for nothing else."""
        row: dict[str, Any] = {
            "access_token": self.access.reveal(),
            "expires_at": self.expires,
            "renew_at": self.renew,
            "scope": self.scope,
        }
        if self.refresh is not None:
            row["refresh_token"] = self.refresh.reveal()
        if self.client is not None:
            row["client_id"] = self.client.id
            row["client_secret"] = self.client.secret.reveal() if self.client.secret else ""
        if self.url:
            row["token_url"] = self.url
        return row

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """Read what `to_dict` returned. Raises ValueError for anything else."""
        texts = {name: row.get(name, "") for name in _TEXTS}
        times = [row.get(name, 0.0) for name in ("expires_at", "renew_at")]
        numbers = all(isinstance(each, (int, float)) for each in times)
        if not numbers or not all(isinstance(each, str) for each in texts.values()):
            raise ValueError("is no token")
        client = Client(texts["client_id"], texts["client_secret"]) if texts["client_id"] else None
        return cls(
            texts["access_token"],
            expires=float(times[0]),
            renew=float(times[1]),
            refresh=Secret(texts["refresh_token"]) if texts["refresh_token"] else None,
            scope=texts["scope"],
            client=client,
            url=texts["token_url"],
        )

    def __repr__(self) -> str:
        return f"Token({self.access!r}, expires={self.expires:.0f}, scope={self.scope!r})"


_TEXTS = ("access_token", "refresh_token", "scope", "client_id", "client_secret", "token_url")
