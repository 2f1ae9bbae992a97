"""What every transport with OAuth 2 can be told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from mailbridge.secret import Secret
from mailbridge.settings.http import HttpSettings
from mailbridge.settings.keys import kind_of_key

_STORE = ("load", "save", "forget", "claim")


class OAuthFields(BaseModel):
    """How to come by an access token: of these, one way is enough (docs/howto/oauth.md)."""

    token: Secret | Callable[..., Any] | None = Field(
        None, description="an access token; in Python also a function that returns one"
    )
    client_id: str = Field("", description="the id of the client that was registered with the authorisation server")
    client_secret: Secret | None = Field(None, description="its secret, if it has one")
    refresh_token: Secret | None = Field(None, description="a refresh token, for the client of client_id")
    token_store: Any = Field(None, description="the folder that tokens are kept in; in Python also a store of your own")
    token_url: str = Field("", description="the token endpoint, if not the authorisation server's own")

    @field_validator("token_store")
    @classmethod
    def _is_store(cls, value: Any) -> Any:
        if isinstance(value, str):
            return Path(value) if value else None
        if value is not None and not isinstance(value, Path) and not all(hasattr(value, each) for each in _STORE):
            raise ValueError("must be a folder, or have the methods of a TokenStore")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.token is not None and self.refresh_token is not None:
            raise ValueError("token and refresh_token exclude each other; with a refresh token no token is needed")
        if self.refresh_token is not None and not self.client_id:
            raise ValueError("a refresh_token needs the client_id that it was granted to")
        if self.client_secret is not None and not self.client_id:
            raise ValueError("a client_secret needs its client_id")
        return self

    @model_validator(mode="after")
    def _are_credentials_of_oauth(self) -> Self:
        for name in ("token", "client_secret", "refresh_token"):
            secret = getattr(self, name)
            if isinstance(secret, Secret) and (kind := kind_of_key(secret.reveal(), tokens=False)) is not None:
                raise ValueError(f"{name} is {kind.what}")
        return self


class OAuthSettings(OAuthFields, HttpSettings):
    """How to reach an API that takes access tokens."""
