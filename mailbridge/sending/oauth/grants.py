"""Grants: for what a token endpoint gives a token."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from mailbridge.errors import ConfigError
from mailbridge.flow.operations import Block, Flow, Wall
from mailbridge.secret import Secret
from mailbridge.sending.oauth.client import Client
from mailbridge.sending.oauth.token import Token

_WALL = Wall()
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME = 3600  # seconds; the longest that Google takes

Form = list[tuple[str, str]]


class Grant(Protocol):
    """What is asked for a token; `last` is the token kept in the store, if there is one."""

    def form(self, last: Token | None) -> Flow[Form]:
        """Return the fields of the request. Raises ConfigError if something for it is missing."""


class RefreshToken:
    """The grant of somebody who has logged in (RFC 6749 section 6).

    Args:
        client: who it was granted to; None to take the client that was kept with the login.
        refresh: the refresh token to begin with; a token in the store goes before it.
        missing: what to say when there is neither.
    """

    def __init__(self, client: Client | None, refresh: Secret | None = None, *, missing: str = "") -> None:
        self._client = client
        self._refresh = refresh
        self._missing = missing

    def form(self, last: Token | None) -> Flow[Form]:
        """Return the fields of the request."""
        refresh = (last.refresh if last else None) or self._refresh
        client = self._client or (last.client if last else None)
        if refresh is None or client is None:
            raise ConfigError("There is no login to get a token with.", phase="auth", hints=[self._missing])
        return [("grant_type", "refresh_token"), ("refresh_token", refresh.reveal()), *client.fields]
        yield


class ClientCredentials:
    """The grant of an application for itself (RFC 6749 section 4.4); without a scope, for all that it may do."""

    def __init__(self, client: Client, scope: str = "") -> None:
        self._client = client
        self._scope = scope

    def form(self, last: Token | None) -> Flow[Form]:
        """Return the fields of the request."""
        scope = [("scope", self._scope)] if self._scope else []
        return [("grant_type", "client_credentials"), *scope, *self._client.fields]
        yield


class ServiceAccount:
    """The grant of a Google service account (RFC 7523), which may act for the users of its domain.

    Args:
        key: the file that Google gave out for it.
        scope: what the token shall permit.
        subject: the user to act for; an administrator allows it (domain-wide delegation).
        audience: the token endpoint, if not the one that the file names.
    """

    def __init__(self, key: Path, scope: str, subject: str, *, audience: str = "") -> None:
        if find_spec("cryptography") is None:
            raise _missing()
        self._path = key
        self._scope = scope
        self._subject = subject
        self._audience = audience
        self._key: Mapping[str, Any] | None = None
        self._sign: Callable[[bytes], bytes] | None = None

    def form(self, last: Token | None) -> Flow[Form]:
        """Return the fields of the request. Raises ConfigError for a file that is no key."""
        now: float = yield _WALL
        assertion = yield Block(self._assertion, int(now))
        return [("grant_type", _JWT_BEARER), ("assertion", assertion)]

    def _assertion(self, now: int) -> str:
        """Return the signed statement of who asks for whom."""
        from base64 import urlsafe_b64encode

        if self._key is None or self._sign is None:
            self._key = _service_account(self._path)
            self._sign = _signer(self._key["private_key"], self._path)
        claims = {
            "iss": self._key["client_email"],
            "sub": self._subject,
            "scope": self._scope,
            "aud": self._audience or self._key["token_uri"],
            "iat": now,
            "exp": now + _LIFETIME,
        }
        head = {"alg": "RS256", "typ": "JWT", "kid": self._key.get("private_key_id", "")}
        parts = [urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (head, claims)]
        signed = b".".join(parts)
        return b".".join((signed, urlsafe_b64encode(self._sign(signed)).rstrip(b"="))).decode("ascii")


def _service_account(path: Path) -> Mapping[str, Any]:
    try:
        key = json.loads(path.expanduser().read_bytes())
    except OSError as error:
        raise ConfigError(
            f"service_account: {path} cannot be read: {error.strerror or error}.", phase="auth"
        ) from error
    except ValueError:
        key = None
    wanted = ("client_email", "private_key", "token_uri")
    if not isinstance(key, dict) or not all(isinstance(key.get(name), str) for name in wanted):
        raise ConfigError(
            f"service_account: {path} is not the key of a service account.",
            phase="auth",
            hints=["Take the JSON file that the Google Cloud console makes for a service account under Keys."],
        )
    return key


def _missing() -> ConfigError:
    return ConfigError(
        "A Google service account needs the module 'cryptography'.",
        phase="auth",
        hints=["Install it with the extra oauth: pip install '.[oauth]' in mailbridge's directory."],
    )


def _signer(pem: str, path: Path) -> Callable[[bytes], bytes]:
    """Return what signs by RS256 (RFC 7518 section 3.3)."""
    try:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ModuleNotFoundError as error:
        raise _missing() from error
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except ValueError:
        raise ConfigError(f"service_account: the private key in {path} cannot be read.", phase="auth") from None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigError(f"service_account: the private key in {path} is no RSA key.", phase="auth")
    return lambda data: key.sign(data, PKCS1v15(), SHA256())
