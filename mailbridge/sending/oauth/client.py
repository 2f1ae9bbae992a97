"""`Client`: who we are to an authorisation server, and `Authority`: where that server is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mailbridge.secret import Secret


class Client:
    """A client as it was registered with an authorisation server: its id, and a secret if it has one."""

    __slots__ = ("id", "secret")

    def __init__(self, id: str, secret: Secret | str | None = None) -> None:
        self.id = id
        self.secret = Secret(secret) if secret else None

    @property
    def fields(self) -> list[tuple[str, str]]:
        """How it names itself in the form of a request (RFC 6749 section 2.3.1)."""
        secret = [("client_secret", self.secret.reveal())] if self.secret else []
        return [("client_id", self.id), *secret]

    def __repr__(self) -> str:
        return f"Client({self.id!r})"


class Authority(NamedTuple):
    """An authorisation server.

    Args:
        name: as in `mailbridge auth login NAME`.
        title: what people call it.
        token_url: where codes and refresh tokens become access tokens.
        scope: what sending needs, as the server wants it written.
        authorize_url: where a browser begins.
        device_url: where a login on another device begins, if the server has that.
        revoke_url: where a token is given up, if the server has that.
        app_scope: the scope of an application that has no user, if there is such a thing.
        extra: further parameters for the browser.
    """

    name: str
    title: str
    token_url: str
    scope: str
    authorize_url: str = ""
    device_url: str = ""
    revoke_url: str = ""
    app_scope: str = ""
    extra: Mapping[str, str] = {}
