"""`verify()` of every provider: what it asks, and what it says when the key is good elsewhere or nobody answers."""

from __future__ import annotations

import pytest
from support.stage import Stage, reply

from mailbridge.errors import AuthFailed, ConfigError, MailError, ProtocolError
from mailbridge.extend import HttpResponse

DSNS = {
    "sendgrid": "sendgrid://SG.canary0123456789.abcdefghijklmnop@default",
    "mailgun": "mailgun://key-canary0123456789@mg.example.com",
    "ses": "ses://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMIcanarybPxRfiCYEXAMPLEKEY@eu-west-1",
    "brevo": "brevo://xkeysib-canary0123456789@default",
    "mandrill": "mandrill://md-0123456789ABCDEFabcdef@default",
    "mailtrap": "mailtrap://0f1e2d3c4b5a69788796a5b4c3d2e1f0@default",
    "postmark": "postmark://0dc4a1f7-9f2b-4b39-8f6d-3f1c2f9f7a11@default",
    "resend": "resend://re_cAnary01_23456789abcdefghijkl@default",
    "mailjet": "mailjet://0123456789abcdef:fedcba9876543210@default",
    "sparkpost": "sparkpost://0123456789abcdef0123456789abcdef01234567@default",
    "mailersend": "mailersend://mlsn.canary0123456789abcdef@default",
    "elasticemail": "elasticemail://0123456789ABCDEF0123456789ABCDEF@default",
    "sendpulse": "sendpulse://?api_key=0123456789abcdef",
    "smtp2go": "smtp2go://api-CA0A5401234567890ABCDEF012345678@default",
    "gmail": "gmail://?token=ya29.canary0123456789",
    "msgraph": "msgraph://?token=EwBcanary0123456789",
    "zoho": "zoho://?token=1000.canary.0123456789",
}
ASKED = {
    "sendgrid": "GET https://api.sendgrid.com/v3/scopes",
    "mailgun": "GET https://api.mailgun.net/v4/domains/mg.example.com",
    "ses": "GET https://email.eu-west-1.amazonaws.com/v2/email/account",
    "brevo": "GET https://api.brevo.com/v3/account",
    "mandrill": "POST https://mandrillapp.com/api/1.0/users/ping2.json",
    "mailtrap": "GET https://mailtrap.io/api/accounts",
    "postmark": "GET https://api.postmarkapp.com/server",
    "resend": "GET https://api.resend.com/domains",
    "mailjet": "GET https://api.mailjet.com/v3/REST/sender?Limit=1000",
    "sparkpost": "GET https://api.sparkpost.com/api/v1/account",
    "mailersend": "GET https://api.mailersend.com/v1/api-quota",
    "elasticemail": "GET https://api.elasticemail.com/v4/domains",
    "sendpulse": "GET https://api.sendpulse.com/smtp/senders",
    "smtp2go": "POST https://api.smtp2go.com/v3/api_keys/permissions",
    "gmail": "GET https://gmail.googleapis.com/gmail/v1/users/me/profile",
    "msgraph": "GET https://graph.microsoft.com/v1.0/me",
    "zoho": "GET https://mail.zoho.com/api/accounts",
}
"""The endpoints that tell whether credentials are good and send nothing, as the providers' descriptions have them."""

REGIONS = {"sendgrid": "eu", "mailgun": "eu", "mailjet": "us", "sparkpost": "eu", "smtp2go": "us"}
"""A region in which a key may be good that another one refuses."""

ALL = pytest.mark.parametrize("name", DSNS)


@ALL
def test_it_asks_what_sends_nothing_and_refused_credentials_are_said(name: str) -> None:
    stage = Stage(DSNS[name], lambda request: HttpResponse(401))
    error = stage.verify()
    first = stage.requests[0]
    assert f"{first.method} {first.url}" == ASKED[name]
    assert isinstance(error, AuthFailed)
    assert error.hints


@pytest.mark.parametrize("name", REGIONS)
def test_a_key_of_another_region_is_recognised(name: str) -> None:
    here = Stage(DSNS[name], lambda request: HttpResponse(500)).transport
    there = here.regions[REGIONS[name]]
    stage = Stage(DSNS[name], lambda request: reply({}) if request.url.startswith(there) else HttpResponse(401))
    error = stage.verify()
    assert isinstance(error, AuthFailed)
    assert f"set region={REGIONS[name]}" in str(error)


@ALL
def test_a_page_that_somebody_else_answers_with_is_no_good_key(name: str) -> None:
    page = HttpResponse(200, [("Content-Type", "text/html")], b"<html>Log in to the network</html>")
    assert isinstance(Stage(DSNS[name], lambda request: page).verify(), ProtocolError)
    cut = HttpResponse(200, [("Content-Type", "application/json")], b'{"emailAddress": "a', complete=False)
    assert isinstance(Stage(DSNS[name], lambda request: cut).verify(), ProtocolError)


@ALL
@pytest.mark.parametrize("status", [302, 404, 407, 429, 500, 503])
def test_nothing_else_is_taken_for_a_good_key(name: str, status: int) -> None:
    error = Stage(DSNS[name], lambda request: HttpResponse(status)).verify()
    assert isinstance(error, MailError)
    assert status not in (302, 404, 407) or isinstance(error, ConfigError)
