"""Logging in by a browser that comes back to this machine (RFC 8252), guarded by PKCE (RFC 7636)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import parse_qsl, urlencode, urlsplit

from mailbridge.errors import AuthFailed
from mailbridge.escapes import visible
from mailbridge.flow.http import HttpOptions
from mailbridge.flow.operations import Flow
from mailbridge.secret import Secret
from mailbridge.sending.oauth.client import Authority, Client
from mailbridge.sending.oauth.endpoint import token_of
from mailbridge.sending.oauth.token import Token


class BrowserLogin:
    """One login by a browser.

    Args:
        redirect_uri: where the browser comes back to, `http://127.0.0.1:PORT`.
        verifier: 43 to 128 unpredictable characters of RFC 7636 section 4.1; `secrets.token_urlsafe(48)` makes them.
        state: unpredictable text by which the answer to this login is told from others.
        user: whom to suggest to the authority.
    """

    def __init__(
        self, authority: Authority, client: Client, *, redirect_uri: str, verifier: Secret, state: str, user: str = ""
    ) -> None:
        self._authority = authority
        self._client = client
        self._redirect_uri = redirect_uri
        self._verifier = verifier
        self._state = state
        self._user = user

    @property
    def url(self) -> str:
        """The address that the browser has to open."""
        digest = sha256(self._verifier.reveal().encode()).digest()
        fields = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": self._redirect_uri,
            "scope": self._authority.scope,
            "state": self._state,
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **self._authority.extra,
            **({"login_hint": self._user} if self._user else {}),
        }
        return f"{self._authority.authorize_url}?{urlencode(fields)}"

    def code_in(self, target: str) -> Secret | None:
        """Return the code that the browser brings in the target of its request, or None if it is not about this login.

        Raises AuthFailed when the person, or the authority, said no.
        """
        said = dict(parse_qsl(urlsplit(target).query))
        if not compare_digest(said.get("state", "").encode(), self._state.encode()):
            return None  # somebody else's: a login must not be slipped in under ours (RFC 6749 section 10.12)
        if error := said.get("error"):
            text = visible(said.get("error_description", "") or error)[:300]
            raise AuthFailed(f"{self._authority.title} did not permit it: {text}.", phase="auth")
        return Secret(said["code"]) if said.get("code") else None

    def token_for(self, code: Secret, http: HttpOptions) -> Flow[Token]:
        """Return the token for the code. Errors as `token_of`."""
        fields = [
            ("grant_type", "authorization_code"),
            ("code", code.reveal()),
            ("redirect_uri", self._redirect_uri),
            ("code_verifier", self._verifier.reveal()),
            *self._client.fields,
        ]
        return token_of(self._authority.token_url, fields, http)
