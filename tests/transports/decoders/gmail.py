"""Gmail's requests read back."""

from __future__ import annotations

import json
from email import message_from_bytes, policy

from support.descriptions import violations
from support.mime_reading import read_mime

from mailbridge.extend import Address, HttpRequest, HttpResponse
from mailbridge.testing import Decoded

DSN = (
    "gmail://ann%40example.com@default?client_id=c-1&client_secret=GOCSPX-canary-of-the-secret"
    "&refresh_token=1//0canary-of-the-refresh-token"
)

TOLERATED = {"bcc.name": "a Bcc field is for the API, which removes it: nobody sees the names"}


def answer(request: HttpRequest) -> HttpResponse:
    """Accept everything."""
    if _is_of_the_token(request):
        return _json({"access_token": "ya29.a0canary-of-the-access-token", "expires_in": 3599})
    if request.url.endswith("/profile"):
        return _json({"emailAddress": "ann@example.com", "messagesTotal": 1})
    return _json({"id": "18c1", "threadId": "18c0", "labelIds": ["SENT"]})


def _is_of_the_token(request: HttpRequest) -> bool:
    return request.url == "https://oauth2.googleapis.com/token"


def judge(request: HttpRequest) -> list[str]:
    """Judge by the description, which is that of Gmail alone."""
    return [] if _is_of_the_token(request) else violations("gmail", request)


def _json(body: object) -> HttpResponse:
    return HttpResponse(200, [("Content-Type", "application/json")], json.dumps(body).encode())


def decode(request: HttpRequest) -> list[Decoded]:
    """Return the message of an upload."""
    if request.method == "GET" or _is_of_the_token(request):
        return []
    octets = request.body
    assert octets
    read = read_mime(octets)
    read["html"] = read["html"].replace("\r\n", "\n")
    message = message_from_bytes(octets, policy=policy.default)
    bcc = [Address(each.addr_spec) for each in message["bcc"].addresses] if "bcc" in message else []
    raw = octets.partition(b"\r\n")[2] if octets.startswith(b"Bcc:") else octets
    return [Decoded(**read, bcc=bcc, raw=raw)]
