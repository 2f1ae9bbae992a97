"""Who signs, and when: credentials that are given or found, and a clock that may be wrong."""

from __future__ import annotations

import logging
from datetime import datetime
from email.utils import parsedate_to_datetime

from mailbridge.extend import AuthFailed, Flow, HttpRequest, HttpResponse, MailError, Wall
from mailbridge.transports.ses.chain import Chain, require_botocore
from mailbridge.transports.ses.lookup import Lookup
from mailbridge.transports.ses.refusal import EXPIRED, SKEWED
from mailbridge.transports.ses.settings import SesSettings
from mailbridge.transports.ses.signature import Credentials, Signer

TOLERANCE = 240.0
"""Seconds by which a signature may be old without being refused for it: Amazon allows 300."""

_WALL = Wall()
_log = logging.getLogger("mailbridge.send")


class Signing:
    """Signs requests, and puts right what a refusal says is wrong with the signature."""

    def __init__(self, settings: SesSettings, region: str) -> None:
        self._signer = Signer(region)
        self._given = _given(settings)
        if self._given is None:
            require_botocore()
        self._lookup = Lookup(Chain(settings.profile))
        self._lag = 0.0

    @property
    def off(self) -> str:
        """By how much this machine's clock is wrong, in words; empty as long as nothing is known against it."""
        if not self._lag:
            return ""
        return f"the clock of this machine is {abs(self._lag):.0f} s {'behind' if self._lag > 0 else 'ahead'}"

    def signed(self, request: HttpRequest) -> Flow[HttpRequest]:
        """Return the request with a signature for the time that it is at Amazon."""
        now: float = yield _WALL
        credentials = self._given or (yield from self._lookup.current(now))
        return self._signer.signed(request, credentials, now + self._lag)

    def again(self, error: MailError, request: HttpRequest, response: HttpResponse) -> Flow[bool]:
        """Say whether a refused request is worth signing anew, after credentials or clock have been put right."""
        if not isinstance(error, AuthFailed):
            return False
        if error.provider_code in EXPIRED:
            if self._given is not None:
                return False
            return (yield from self._lookup.renewed(request.header("x-amz-security-token") or ""))
        now: float = yield _WALL
        return error.provider_code in SKEWED and self._set_right(request, response, now)

    def _set_right(self, request: HttpRequest, response: HttpResponse, now: float) -> bool:
        """Take the server's time for ours, if the request was signed for quite another."""
        server = _date(response.header("date"))
        signed = datetime.strptime(f"{request.header('x-amz-date')}+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
        if server is None or abs(server - signed) <= TOLERANCE:
            return False
        self._lag = server - now
        _log.warning("%s, as Amazon sees it; requests are signed with Amazon's time", self.off)
        return True


def _given(settings: SesSettings) -> Credentials | None:
    key, secret, token = settings.access_key_id, settings.secret_access_key, settings.session_token
    if key is None or secret is None:
        return None
    return Credentials(key.reveal(), secret.reveal(), "" if token is None else token.reveal())


def _date(value: str | None) -> float | None:
    try:
        return parsedate_to_datetime(value or "").timestamp()
    except ValueError:
        return None
