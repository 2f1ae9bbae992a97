"""`AuthorisationServer`: an OAuth 2 authorisation server on loopback, and the API that its tokens open.

    server = AuthorisationServer()
    with HttpPeer(server.script(api=lambda request: answer(200, {"id": "m1"}))) as peer:
        ...
    assert server.grants == ["refresh_token"]

It knows the grants refresh_token, client_credentials, authorization_code with PKCE, device_code, and that
of a service account. `/authorize` sends the browser back at once, as if somebody had consented. `script`
answers its own paths, refuses any other request that shows no valid token with 401, and asks `api` for the
answer to the rest.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from support.http_peer import HttpAction, Request, answer

Api = Callable[[Request], HttpAction | None]

CLIENT = {"client_id": "client-1", "client_secret": "s3cret-of-client"}


class AuthorisationServer:
    """Grants tokens `access-1`, `access-2`, …; knows which of them are still valid.

    Args:
        refresh: the refresh token that it knows at first.
        rotate: give out a new refresh token each time, and forget the old one.
        lasts: seconds that a token lasts, as it says.
        pending: how often a device is told that nobody has typed its code yet.
        delay: an action before each answer of the token endpoint.
        public_key: a key of `cryptography` to check service accounts with.
        deny: what `/authorize` says in place of a code.
    """

    def __init__(
        self,
        *,
        refresh: str = "refresh-1",
        rotate: bool = False,
        lasts: int = 3600,
        pending: int = 1,
        delay: HttpAction | None = None,
        public_key: Any = None,
        deny: str = "",
    ) -> None:
        self.refresh = refresh
        self.rotate = rotate
        self.lasts = lasts
        self.delay = delay
        self.public_key = public_key
        self.deny = deny
        self.forms: list[dict[str, str]] = []
        self.authorized: list[dict[str, str]] = []
        self.claims: list[dict[str, Any]] = []
        self.revoked: list[str] = []
        self.refused = 0
        self._pending = pending
        self._numbers = itertools.count(1)
        self._valid: set[str] = set()
        self._codes: dict[str, dict[str, str]] = {}

    @property
    def grants(self) -> list[str]:
        """What tokens were asked for, in order."""
        return [form["grant_type"].rpartition(":")[2] for form in self.forms]

    def revoke_all(self) -> None:
        """Let no access token be valid any more."""
        self._valid.clear()

    def admit(self, access: str) -> None:
        """Take this access token for a valid one."""
        self._valid.add(access)

    def script(self, api: Api | None = None) -> Callable[[Request], HttpAction | None]:
        """Return the script of an HttpPeer."""

        def decide(request: Request) -> HttpAction | None:
            own = {
                "/token": self._token,
                "/device": self._device,
                "/authorize": self._authorize,
                "/revoke": self._revoke,
            }
            if (respond := own.get(urlsplit(request.path).path)) is not None:
                return respond(request)
            word, _, access = (request.header("authorization") or "").partition(" ")
            if access not in self._valid:
                self.refused += 1
                return answer(401, {"error": {"code": 401, "message": f"Invalid {word} token {access}"}})
            return api(request) if api is not None else answer(200, {"id": "m1"})

        return decide

    def _token(self, request: Request) -> HttpAction:
        form = dict(request.form)
        self.forms.append(form)
        grant = form["grant_type"].rpartition(":")[2]
        found: HttpAction = getattr(self, f"_{grant.replace('-', '_')}", self._unknown)(form)
        return found if self.delay is None else self.delay + found

    def _unknown(self, form: dict[str, str]) -> HttpAction:
        return _refusal("unsupported_grant_type")

    def _refresh_token(self, form: dict[str, str]) -> HttpAction:
        if not self._knows_client(form):
            return _refusal("invalid_client", 401)
        if form.get("refresh_token") != self.refresh:
            return _refusal("invalid_grant", text=f"Token {form.get('refresh_token')} has been expired or revoked.")
        if self.rotate:
            self.refresh = f"refresh-{len(self.forms) + 1}"
        return self._granted(refresh=self.rotate)

    def _client_credentials(self, form: dict[str, str]) -> HttpAction:
        return self._granted() if self._knows_client(form) else _refusal("invalid_client", 401)

    def _jwt_bearer(self, form: dict[str, str]) -> HttpAction:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        signed, _, signature = form["assertion"].rpartition(".")
        self.public_key.verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
        self.claims.append(json.loads(_decoded(signed.partition(".")[2])))
        return self._granted()

    def _authorization_code(self, form: dict[str, str]) -> HttpAction:
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return _refusal("invalid_grant")
        return self._granted(refresh=True) if self._knows_client(form) else _refusal("invalid_client", 401)

    def _device_code(self, form: dict[str, str]) -> HttpAction:
        if form["device_code"] != "device-1":
            return _refusal("expired_token")
        if self._pending:
            self._pending -= 1
            return _refusal("authorization_pending")
        return self._granted(refresh=True)

    def _device(self, request: Request) -> HttpAction:
        assert dict(request.form)["client_id"] == CLIENT["client_id"]
        said = {"device_code": "device-1", "user_code": "ABCD-EFGH", "expires_in": 900, "interval": 0.01}
        return answer(200, {**said, "verification_uri": "https://login.example.com/device"})

    def _revoke(self, request: Request) -> HttpAction:
        self.revoked.append(dict(request.form)["token"])
        return answer(200)

    def _authorize(self, request: Request) -> HttpAction:
        asked = dict(parse_qsl(urlsplit(request.path).query))
        self.authorized.append(asked)
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.authorized)}"
        self._codes[code] = asked
        found = {"error": self.deny} if self.deny else {"code": code}
        return answer(
            302, headers={"Location": f"{asked['redirect_uri']}?{urlencode({**found, 'state': asked['state']})}"}
        )

    def _granted(self, *, refresh: bool = False) -> HttpAction:
        access = f"access-{next(self._numbers)}"
        self._valid.add(access)
        said = {"access_token": access, "expires_in": self.lasts, "token_type": "Bearer"}
        return answer(200, {**said, "refresh_token": self.refresh} if refresh else said)

    def _knows_client(self, form: dict[str, str]) -> bool:
        return form.get("client_id") == CLIENT["client_id"] and form.get("client_secret") in (
            None,
            CLIENT["client_secret"],
        )


def _refusal(code: str, status: int = 400, *, text: str = "") -> HttpAction:
    return answer(status, {"error": code, "error_description": text or f"It is {code}."})


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
