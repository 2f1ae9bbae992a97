"""Whoever writes the least that an API wants, by hand or by the provider's library, is understood as well."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import pytest

from mailbridge.testing import ProviderStub
from mailbridge.testing.stubs.named import PROVIDERS, named

MIME = b"From: shop@example.com\r\nTo: ann@example.org\r\nSubject: Welcome\r\n\r\nHello\r\n"
BEARER = {"Authorization": "Bearer key"}

LETTERS: dict[str, tuple[str, Any, dict[str, str]]] = {
    "brevo": (
        "/v3/smtp/email",
        {
            "sender": {"email": "shop@example.com"},
            "to": [{"email": "ann@example.org"}],
            "subject": "Welcome",
            "textContent": "Hello",
            "headers": {"X-Mailin-custom": "order:7"},
        },
        {"api-key": "key"},
    ),
    "elasticemail": (
        "/v4/emails/transactional",
        {
            "Recipients": {"To": ["Ann <ann@example.org>"]},
            "Content": {
                "From": "Shop <shop@example.com>",
                "Subject": "Welcome",
                "Body": [{"ContentType": "PlainText", "Content": "Hello"}],
            },
        },
        {"X-ElasticEmail-ApiKey": "key"},
    ),
    "gmail": (
        "/gmail/v1/users/me/messages/send",
        {"raw": urlsafe_b64encode(MIME).decode().rstrip("=")},
        BEARER,
    ),
    "mailersend": (
        "/v1/email",
        {
            "from": {"email": "shop@example.com"},
            "to": [{"email": "ann@example.org"}],
            "subject": "Welcome",
            "text": "Hello",
        },
        BEARER,
    ),
    "mailgun": (
        "/v3/mg.example.com/messages",
        urlencode(
            {
                "from": "Shop <shop@example.com>",
                "to": "Ann <ann@example.org>, bob@example.org",
                "subject": "Welcome",
                "text": "Hello",
            }
        ),
        {"Authorization": "Basic " + b64encode(b"api:key").decode()},
    ),
    "mailjet": (
        "/v3.1/send",
        {
            "Messages": [
                {
                    "From": {"Email": "shop@example.com"},
                    "To": [{"Email": "ann@example.org", "Name": "Ann"}],
                    "Subject": "Welcome",
                    "TextPart": "Hello",
                    "CustomID": "AppGettingStartedTest",
                    "EventPayload": "order 7",
                }
            ]
        },
        {"Authorization": "Basic a2V5OnNlY3JldA=="},
    ),
    "mailtrap": (
        "/api/send",
        {
            "from": {"email": "shop@example.com", "name": "Shop"},
            "to": [{"email": "ann@example.org"}],
            "subject": "Welcome",
            "text": "Hello",
        },
        BEARER,
    ),
    "mandrill": (
        "/api/1.0/messages/send",
        {
            "key": "key",
            "message": {
                "from_email": "shop@example.com",
                "to": [{"email": "ann@example.org"}],
                "subject": "Welcome",
                "text": "Hello",
                "global_merge_vars": [{"name": "SHOP", "content": "Acme"}],
            },
        },
        {},
    ),
    "msgraph": (
        "/v1.0/me/sendMail",
        {
            "message": {
                "subject": "Welcome",
                "body": {"contentType": "Text", "content": "Hello"},
                "toRecipients": [{"emailAddress": {"address": "ann@example.org"}}],
            }
        },
        BEARER,
    ),
    "postmark": (
        "/email",
        {"From": "shop@example.com", "To": "Ann <ann@example.org>", "Subject": "Welcome", "TextBody": "Hello"},
        {"X-Postmark-Server-Token": "key"},
    ),
    "resend": (
        "/emails",
        {"from": "Shop <shop@example.com>", "to": "ann@example.org", "subject": "Welcome", "text": "Hello"},
        BEARER,
    ),
    "sendgrid": (
        "/v3/mail/send",
        {
            "personalizations": [{"to": [{"email": "ann@example.org"}]}],
            "from": {"email": "shop@example.com"},
            "reply_to": {"email": "help@example.com"},
            "subject": "Welcome",
            "content": [{"type": "text/plain", "value": "Hello"}],
        },
        BEARER,
    ),
    "sendpulse": (
        "/smtp/emails",
        {
            "email": {
                "text": "Hello",
                "subject": "Welcome",
                "from": {"name": "Shop", "email": "shop@example.com"},
                "to": [{"email": "ann@example.org"}],
            }
        },
        BEARER,
    ),
    "ses": (
        "/v2/email/outbound-emails",
        {
            "FromEmailAddress": "shop@example.com",
            "Destination": {"ToAddresses": ["ann@example.org"]},
            "Content": {"Simple": {"Subject": {"Data": "Welcome"}, "Body": {"Text": {"Data": "Hello"}}}},
        },
        {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261122"},
    ),
    "smtp2go": (
        "/v3/email/send",
        {
            "api_key": "key",
            "sender": "Shop <shop@example.com>",
            "to": ["Ann <ann@example.org>"],
            "subject": "Welcome",
            "text_body": "Hello",
        },
        {},
    ),
    "sparkpost": (
        "/api/v1/transmissions",
        {
            "recipients": [{"address": "ann@example.org"}],
            "content": {"from": "shop@example.com", "subject": "Welcome", "text": "Hello"},
        },
        {"Authorization": "key"},
    ),
    "zoho": (
        "/api/accounts/123/messages",
        {"fromAddress": "shop@example.com", "toAddress": "ann@example.org", "subject": "Welcome", "content": "Hello"},
        {"Authorization": "Zoho-oauthtoken key"},
    ),
}


def post(stub: ProviderStub, path: str, said: Any, headers: dict[str, str]) -> int:
    kind = "application/json" if not isinstance(said, str) else "application/x-www-form-urlencoded"
    octets = said.encode() if isinstance(said, str) else json.dumps(said).encode()
    connection = HTTPConnection(stub.host, stub.port, timeout=5)
    connection.request("POST", path, octets, {"Content-Type": kind, **headers})
    status = connection.getresponse().status
    connection.close()
    return status


def test_every_provider_has_one() -> None:
    assert LETTERS.keys() == PROVIDERS.keys()


@pytest.mark.parametrize("name", LETTERS)
def test_the_least_is_enough(name: str) -> None:
    path, said, headers = LETTERS[name]
    with ProviderStub(name) as stub:
        assert 200 <= post(stub, path, said, headers) < 300
        found = stub.assert_sent(to="ann@example.org", from_="shop@example.com", subject="Welcome")
        assert "Hello" in (found.text or found.html or "")


@pytest.mark.parametrize("name", [name for name in LETTERS if named(name).key_header])
def test_whoever_shows_no_key_is_not_let_in(name: str) -> None:
    path, said, _ = LETTERS[name]
    if name == "smtp2go":  # the key may stand in the body, too
        said = {field: value for field, value in said.items() if field != "api_key"}
    with ProviderStub(name) as stub:
        assert post(stub, path, said, {}) in (400, 401, 403)
        stub.assert_none()


@pytest.mark.parametrize(
    ("headers", "octets"),
    [
        ({"Content-Length": "-1"}, b""),
        ({"Content-Length": "x"}, b""),
        ({"Transfer-Encoding": "chunked"}, b"zz\r\n"),
        ({"Transfer-Encoding": "chunked"}, b"-5\r\n"),
    ],
    ids=repr,
)
def test_a_body_without_a_frame_is_a_bad_request(headers: dict[str, str], octets: bytes) -> None:
    with ProviderStub("sendgrid") as stub:
        connection = HTTPConnection(stub.host, stub.port, timeout=5)
        connection.putrequest("POST", "/v3/mail/send")
        for header in headers.items():
            connection.putheader(*header)
        connection.endheaders(octets)
        assert connection.getresponse().status == 400
        connection.close()
        assert stub.requests == ()
