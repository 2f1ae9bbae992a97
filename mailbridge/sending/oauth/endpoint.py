"""One request to an authorisation server, and what its refusals mean (RFC 6749 section 5.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    MailError,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    ServerError,
    TimedOut,
)
from mailbridge.escapes import visible
from mailbridge.flow.http import Http, HttpOptions, HttpRequest, HttpResponse
from mailbridge.flow.operations import Flow, Wall
from mailbridge.redaction import MASK
from mailbridge.secret import Secret
from mailbridge.sending.http.retry_after import retry_after
from mailbridge.sending.oauth.token import MARGIN, Token

Fields = Iterable[tuple[str, str]]

_WALL = Wall()
_LONGEST = 300  # characters of the server's words that an error repeats
_SECRET_FIELDS = frozenset({"client_secret", "refresh_token", "code", "code_verifier", "assertion", "device_code"})
_TOKEN = re.compile(r"[!-~]+").fullmatch  # RFC 6749 appendix A.12, less the space that could not stand in a header


def token_of(url: str, fields: Fields, http: HttpOptions, *, again: str = "") -> Flow[Token]:
    """Return the token that the endpoint at `url` grants for these fields.

    Args:
        fields: the form, see `mailbridge.sending.oauth.grants`.
        again: how a person logs in again, for the error that says that it is necessary.

    Raises AuthFailed when the login or the client is refused; RateLimited, ServerError, ConnectFailed or
    TimedOut when it may simply be tried again, for no message was sent.
    """
    pairs = list(fields)
    response = yield from posted(url, pairs, http)
    now: float = yield _WALL
    refuse(response, url, pairs, now=now, again=again)
    return granted(response, url, now=now)


def posted(url: str, fields: Fields, http: HttpOptions) -> Flow[HttpResponse]:
    """Post a form; what was lost on the way is an error that permits another try."""
    try:
        return (yield Http(HttpRequest.form("POST", url, fields), http))  # type: ignore[no-any-return]
    except OutcomeUnknown as error:
        # A second token is no second mail.
        said = f"{_host(url)} was asked for a token and gave no answer; no mail was sent."
        raise TimedOut(said, phase="auth") from error.with_traceback(None)  # its frames hold the form


def granted(response: HttpResponse, url: str, *, now: float) -> Token:
    """Return the token in a successful answer. Raises ProtocolError if there is none."""
    access, refresh, seconds = (response.get(name) for name in ("access_token", "refresh_token", "expires_in"))
    if not isinstance(access, str) or not _TOKEN(access):
        raise ProtocolError(
            f"{_host(url)} answered HTTP {response.status} to the request for a token, but gave none.",
            phase="auth",
            code=response.status,
            hints=["A proxy or a login page may have answered instead; check token_url and proxy."],
        )
    lasts = _seconds(seconds)
    return Token(
        access,
        expires=now + lasts,
        renew=now + max(lasts - MARGIN, lasts / 2),  # one that lasts a minute is not renewed for every message
        refresh=Secret(refresh) if isinstance(refresh, str) and refresh else None,
        scope=scope if isinstance(scope := response.get("scope"), str) else "",
    )


def refuse(response: HttpResponse, url: str, fields: Fields, *, now: float, again: str = "") -> None:
    """Raise the error that an answer means, if it is one; Zoho says errors with status 200."""
    code = error_of(response)
    if response.successful and not code:
        if not response.complete:
            raise ServerError(f"The answer of {_host(url)} broke off; no mail was sent.", phase="auth")
        return
    _raise(response, code, url, dict(fields), now, again)


def error_of(response: HttpResponse) -> str:
    """Return the error code in an answer (RFC 6749 section 5.2), or an empty string."""
    code = response.get("error")
    return code if isinstance(code, str) else ""


def _raise(response: HttpResponse, code: str, url: str, fields: Mapping[str, str], now: float, again: str) -> NoReturn:
    host, status = _host(url), response.status
    said = _words(response, code, fields)
    kind, text, hint = _meaning(code, status, said)
    details: dict[str, Any] = {"phase": "auth", "code": status, "provider_code": visible(code)[:80]}
    if issubclass(kind, (RateLimited, ServerError)):
        details["retry_after"] = retry_after(response, now)
    hints = [hint] if hint else []
    if kind is AuthFailed and again and code in _LOGIN_OVER:
        hints = [f"Log in again: {again}."]
    raise kind(f"{host} {text}: {said}", hints=hints, **details)


def _meaning(code: str, status: int, said: str) -> tuple[type[MailError], str, str]:
    if code in _LOGIN_OVER:
        return AuthFailed, "no longer accepts the login", "The refresh token is expired or was revoked; get a new one."
    if code in _SLOW_DOWN or status == 429:
        return RateLimited, "asks to ask less often for tokens", ""
    if status >= 500 or code in _BUSY:
        return ServerError, "cannot give a token now", ""
    for mark, hint in _AADSTS.items():
        if mark in said:
            return AuthFailed, "refuses the client", hint
    if code in _CLIENT_WRONG or status == 401:
        return AuthFailed, "refuses the client", "Check client_id and client_secret; the client may have been deleted."
    if 300 <= status < 400:
        return ConfigError, "redirects the request for a token elsewhere", "Check token_url."
    return ConfigError, "refuses the request for a token", "Check client, scope, tenant or region, and token_url."


def _words(response: HttpResponse, code: str, fields: Mapping[str, str]) -> str:
    """Return what the server said, without what we sent in confidence."""
    text = response.get("error_description")
    text = " ".join(visible(text if isinstance(text, str) else "").split())
    for name in _SECRET_FIELDS & fields.keys():
        text = text.replace(fields[name], MASK) if fields[name] else text
    about = ", ".join(each for each in (f"HTTP {response.status}", visible(code)[:80]) if each)
    return f"{text[:_LONGEST].rstrip(' .')} ({about})." if text else f"{about}."


def _seconds(value: Any) -> float:
    """Return how long a token lasts; an hour, as everybody's do, where the server says nothing of use."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return 3600.0
    return seconds if 0 < seconds < 1e9 else 3600.0


def _host(url: str) -> str:
    return urlsplit(url).netloc


# invalid_code is Zoho's name for it (zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html).
_LOGIN_OVER = frozenset({"invalid_grant", "invalid_code", "interaction_required", "consent_required", "login_required"})
# invalid_client_id and invalid_client_secret are Zoho's, the two of a deleted or disabled client Google's.
_CLIENT_WRONG = frozenset({
    "invalid_client", "unauthorized_client", "invalid_client_id", "invalid_client_secret", "deleted_client",
    "disabled_client", "org_internal",
})  # fmt: skip
_BUSY = frozenset({"temporarily_unavailable", "server_error"})
_SLOW_DOWN = frozenset({"slow_down", "Access Denied"})  # the second is Zoho's, after ten tokens in ten minutes
_AADSTS = {
    "AADSTS7000215": "The client secret is wrong: give its value, not its id.",
    "AADSTS7000222": "The client secret is expired: make another one in the Entra admin centre.",
    "AADSTS700016": "The tenant does not know the client: check tenant and client_id.",
    "AADSTS90002": "There is no such tenant: check tenant.",
    "AADSTS65001": "Nobody has consented to what the client asks: log in again, or let an administrator consent.",
}
"""Microsoft's codes (learn.microsoft.com/entra/identity-platform/reference-error-codes), which say more."""
