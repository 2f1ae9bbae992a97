"""A key of somebody else's, pasted into a provider's settings, is recognised, said, and not shown."""

from __future__ import annotations

import pytest

from mailbridge import ConfigError, Mailer

KEYS = {
    "an API key of SendGrid": "SG.cAnary0123456789.abcdefghijklmnop",
    "an API key of Resend": "re_cAnary01_23456789abcdefghijkl",
    "an API key of Brevo": "xkeysib-canary0123456789abcdef-XsuF1canary",
    "an SMTP key of Brevo": "xsmtpsib-canary0123456789abcdef-XsuF1canary",
    "an API key of Mandrill": "md-0123456789canaryABCDEFG",
    "an API token of MailerSend": "mlsn.0123456789abcdef0123456789abcdef",
    "an SMTP password of MailerSend": "mssp.cAnary0.z3m5jgr0.XyZ",
    "an API key of SMTP2GO": "api-0123456789ABCDEF0123456789ABCDEF",
    "an API key of Mailgun": "key-0123456789abcdef0123456789abcdef",
}
PLACES = {
    "sendgrid": "sendgrid://{}@default",
    "mailgun": "mailgun://{}@mg.example.com",
    "brevo": "brevo://{}@default",
    "mandrill": "mandrill://{}@default",
    "mailtrap": "mailtrap://{}@default",
    "postmark": "postmark://{}@default",
    "resend": "resend://{}@default",
    "mailjet": "mailjet://{}:fedcba9876543210@default",
    "mailjet's secret": "mailjet://0123456789abcdef:{}@default",
    "sparkpost": "sparkpost://{}@default",
    "mailersend": "mailersend://{}@default",
    "elasticemail": "elasticemail://{}@default",
    "sendpulse's secret": "sendpulse://0123456789abcdef:{}@default",
    "sendpulse's key": "sendpulse://?api_key={}",
    "smtp2go": "smtp2go://{}@default",
    "gmail's token": "gmail://ann%40example.com@default?token={}",
    "msgraph's secret": "msgraph://ann%40example.com@default?tenant=example.com&client_id=c-1&client_secret={}",
    "zoho's refresh token": "zoho://ann%40example.com@default?client_id=c-1&refresh_token={}",
    "ses": "ses://AKIAIOSFODNN7EXAMPLE:{}@eu-west-1",
}
TITLES = {"sendgrid": "SendGrid", "mailgun": "Mailgun", "brevo": "Brevo", "mandrill": "Mandrill", "resend": "Resend",
          "mailersend": "MailerSend", "smtp2go": "SMTP2GO"}  # fmt: skip


def is_its_own(place: str, what: str) -> bool:
    return place in TITLES and what.endswith(TITLES[place])


@pytest.mark.parametrize(
    ("place", "what"), [(place, what) for place in PLACES for what in KEYS if not is_its_own(place, what)]
)
def test_a_key_of_somebody_else_is_recognised_and_said(place: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Mailer(PLACES[place].format(KEYS[what]))
    assert what in caught.value.text
    assert KEYS[what] not in f"{caught.value} {caught.value!r} {vars(caught.value)}"


@pytest.mark.parametrize("place", TITLES)
def test_a_key_of_its_own_is_taken(place: str) -> None:
    key = next(key for what, key in KEYS.items() if is_its_own(place, what) and "API" in what)
    assert place in str(Mailer(PLACES[place].format(key)))


def test_access_tokens_are_no_mistake_where_tokens_belong() -> None:
    for token in ("ya29.cAnary0123456789", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"):
        assert "gmail" in str(Mailer(f"gmail://ann%40example.com@default?token={token}"))
