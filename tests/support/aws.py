"""Amazon as `HttpPeer` sees it: signatures judged by botocore, a clock, and credentials that expire.

amazon = Amazon({"AKIA…": Key("secret")})
with HttpPeer(amazon) as peer:
    mailer = Mailer(f"ses://AKIA…:secret@eu-west-1?base_url={peer.url}")
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any, NamedTuple

import pytest
from support.http_peer import HttpAction, Request, answer

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # those of Amazon's own examples
TOLERANCE = 300.0  # seconds

Answering = Callable[[Request], HttpAction]


class Key(NamedTuple):
    """What Amazon knows of an access key; `after` is the token that has followed one which has expired."""

    secret: str
    token: str = ""
    expired: bool = False
    after: str = ""


class Amazon:
    """Answers requests that are signed well, by `then`; refuses others as Amazon does.

    Args:
        keys: by access key id; may be changed between requests.
        ahead: seconds by which its clock is before this machine's.
        date: whether its answers have a Date.
        then: what it says to a good request; by default every message is accepted.
    """

    def __init__(
        self,
        keys: dict[str, Key] | None = None,
        *,
        region: str = "eu-west-1",
        ahead: float = 0.0,
        date: bool = True,
        then: Answering | None = None,
    ) -> None:
        self.keys = {KEY: Key(SECRET)} if keys is None else keys
        self.region = region
        self.ahead = ahead
        self.date = date
        self.on_expired: Callable[[], object] = lambda: None
        """Called when a token is refused for its age."""
        self._then = then or accepting

    def __call__(self, request: Request) -> HttpAction:
        """Judge the signature, then the rest."""
        refused = self._refusal(request)
        if refused is None:
            return self._then(request)
        code, said = refused
        headers = {"x-amzn-ErrorType": f"{code}:http://internal.amazon.com/coral/"}
        if self.date:
            headers["Date"] = formatdate(time.time() + self.ahead, usegmt=True)
        return answer(403, {"message": said}, headers=headers)

    def _refusal(self, request: Request) -> tuple[str, str] | None:
        key = self.keys.get((request.header("authorization") or "").partition("Credential=")[2].partition("/")[0])
        if key is None:
            return "UnrecognizedClientException", "The security token included in the request is invalid."
        token = request.header("x-amz-security-token") or ""
        if token and token == key.after:
            key = Key(key.secret, token)
        if token != key.token:
            return "UnrecognizedClientException", "The security token included in the request is invalid."
        if key.expired:
            self.on_expired()
            return "ExpiredTokenException", "The security token included in the request is expired"
        signed = datetime.strptime(request.header("x-amz-date") or "", "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        if abs(time.time() + self.ahead - signed) > TOLERANCE:
            return "InvalidSignatureException", "Signature expired: it is now later than it was."
        if request.header("authorization") != signature(request, key, self.region):
            return "InvalidSignatureException", "The request signature we calculated does not match."
        return None


def accepting(request: Request) -> HttpAction:
    """Accept every message, and say that the account is well."""
    if request.path.endswith("/v2/email/account"):
        return answer(200, ACCOUNT)
    if "bulk" in request.path:
        entries = request.json["BulkEmailEntries"]
        rows = [{"Status": "SUCCESS", "MessageId": f"0102-{number}"} for number, _ in enumerate(entries)]
        return answer(200, {"BulkEmailEntryResults": rows})
    return answer(200, {"MessageId": "0102-simple"})


ACCOUNT = {
    "SendingEnabled": True,
    "ProductionAccessEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 3.0},
}


def signature(request: Any, key: Key, region: str) -> str:
    """Return the Authorization header that botocore makes for this request, signed at its own x-amz-date."""
    auth = pytest.importorskip(
        "botocore.auth", reason="NOT CHECKED: signatures are judged by botocore, which is missing"
    )
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    signed = AWSRequest(request.method, request.url, data=request.body)
    for name in ("host", "content-type"):
        if value := request.header(name):
            signed.headers[name] = value
    who = (request.header("authorization") or "").partition("Credential=")[2].partition("/")[0]
    signer = auth.SigV4Auth(Credentials(who, key.secret, key.token or None), "ses", region)
    signed.context["timestamp"] = moment = request.header("x-amz-date")
    signed.headers["X-Amz-Date"] = moment
    if key.token:
        signed.headers["X-Amz-Security-Token"] = key.token
    canonical = signer.canonical_request(signed)
    text = signer.string_to_sign(signed, canonical)
    signer._inject_signature_to_request(signed, signer.signature(text, signed))
    return str(signed.headers["Authorization"])
