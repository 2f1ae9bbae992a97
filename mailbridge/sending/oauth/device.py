"""Logging in on another device (RFC 8628): a code to type there, and waiting for it here."""

from __future__ import annotations

from typing import NamedTuple

from mailbridge.errors import AuthFailed, ConfigError, MailError, ProtocolError, TimedOut
from mailbridge.flow.http import HttpOptions
from mailbridge.flow.operations import Flow, Sleep, Wall
from mailbridge.secret import Secret
from mailbridge.sending.oauth.client import Authority, Client
from mailbridge.sending.oauth.endpoint import error_of, granted, posted, refuse
from mailbridge.sending.oauth.token import Token

_WALL = Wall()
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_LONGEST = 3600.0  # seconds; no server gives more time, or asks to wait that long


class DeviceCode(NamedTuple):
    """What a person has to do: open `url`, and type `code` there before `expires` (seconds since 1970)."""

    url: str
    code: str
    secret: Secret
    expires: float
    interval: float


def begun(authority: Authority, client: Client, http: HttpOptions) -> Flow[DeviceCode]:
    """Ask for a code. Raises ConfigError where the authority has no such login; errors as `token_of`."""
    if not authority.device_url:
        raise ConfigError(f"{authority.title} has no login on another device for this.", phase="auth")
    fields = [("client_id", client.id), ("scope", authority.scope)]
    response = yield from posted(authority.device_url, fields, http)
    now: float = yield _WALL
    refuse(response, authority.device_url, fields, now=now)
    code, secret = response.get("user_code"), response.get("device_code")
    url = response.get("verification_uri") or response.get("verification_url")  # the second is Google's
    if not all(isinstance(each, str) and each for each in (code, secret, url)):
        raise ProtocolError(f"{authority.title} answered the request for a code, but gave none.", phase="auth")
    lasts = _number(response.get("expires_in"), 900.0)
    return DeviceCode(url, code, Secret(secret), now + lasts, _number(response.get("interval"), 5.0))


def finished(authority: Authority, client: Client, code: DeviceCode, http: HttpOptions) -> Flow[Token]:
    """Wait until the person has typed the code; return the token. Raises AuthFailed if that does not happen."""
    fields = [("grant_type", _GRANT), ("device_code", code.secret.reveal()), *client.fields]
    interval = code.interval
    while True:
        yield Sleep(interval)
        now: float = yield _WALL
        if now >= code.expires:
            raise _over("was not typed in time")
        try:
            response = yield from posted(authority.token_url, fields, http)
        except MailError as error:
            if not isinstance(error, TimedOut):
                raise
            interval *= 2  # section 3.5: ask less often
            continue
        match error_of(response):
            case "authorization_pending":
                continue
            case "slow_down":
                interval += 5
            case "expired_token":
                raise _over("is expired")
            case "access_denied" | "authorization_declined":
                raise _over("was typed, but the access was not granted")
            case _:
                refuse(response, authority.token_url, fields, now=now)
                return granted(response, authority.token_url, now=now)


def _over(how: str) -> AuthFailed:
    return AuthFailed(f"The code {how}.", phase="auth", hints=["Begin again."])


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, (int, float)) and 0 < value < _LONGEST else otherwise
