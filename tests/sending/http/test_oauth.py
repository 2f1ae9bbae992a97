"""`Authorised`: the token in the header, and renewed once."""

from __future__ import annotations

import pytest
from support.stage import Stage, reply

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import AuthFailed
from mailbridge.extend import Authorised, Authority, HttpRequest, OAuthSettings, Plugin, tokens_for
from mailbridge.flow.http import Http, HttpResponse, encoded_json
from mailbridge.message.message import Message
from mailbridge.sending.delivery import Delivery

ACME = Authority("acme", "Acme", "https://auth.acme.example/token", "send", app_scope="app")
MESSAGE = Message(from_="ann@example.com", to="bob@example.org", text="Hi", message_id="<1@example.com>")


class AcmeSettings(OAuthSettings):
    """Which client."""


class AcmeTransport(Authorised):
    """A provider of a third party."""

    plugin = Plugin(name="acme", schemes=("acme",), settings="", transport="")
    regions = {"": "https://api.acme.example"}  # noqa: RUF012
    token_kind = "Acme-token"
    stale = frozenset({"TOKEN_OLD"})
    codes = {"TOKEN_OLD": AuthFailed}  # noqa: RUF012

    def __init__(self, settings):
        super().__init__(settings)
        self.tokens = tokens_for(settings, ACME, self.http)

    def build(self, message):
        return HttpRequest.json("POST", self.url("/send"), {})

    def read(self, response, message):
        return self.receipt(message)


def sending(*answers):
    """Send; the endpoint gives access-1, access-2 … Return the tokens shown, and the receipt or the error."""
    shown, api, granted = [], iter(answers), iter(range(1, 99))

    def respond(op):
        if op.request.url == ACME.token_url:
            return HttpResponse(200, (), encoded_json({"access_token": f"access-{next(granted)}"}))
        shown.append(op.request.header("authorization"))
        return next(api)

    transport = AcmeTransport(AcmeSettings(client_id="c", client_secret="secret"))
    driver = ScriptedDriver({Http: respond})
    try:
        return shown, driver.run(transport.send(Delivery(MESSAGE)))
    except AuthFailed as error:
        return shown, error


def test_the_token_stands_in_the_header():
    shown, receipt = sending(HttpResponse(200))
    assert shown == ["Acme-token access-1"]
    assert receipt.complete


@pytest.mark.parametrize(
    "refusal", [HttpResponse(401), HttpResponse(404, (), encoded_json({"code": "TOKEN_OLD", "message": "Old."}))]
)
def test_a_refused_token_is_renewed_once(refusal):
    shown, receipt = sending(refusal, HttpResponse(200))
    assert shown == ["Acme-token access-1", "Acme-token access-2"]
    assert receipt.complete
    shown, error = sending(refusal, refusal)
    assert shown == ["Acme-token access-1", "Acme-token access-2"]
    assert isinstance(error, AuthFailed)


def test_a_lack_of_permission_is_nothing_that_a_renewal_mends():
    shown, error = sending(HttpResponse(403))
    assert shown == ["Acme-token access-1"]
    assert isinstance(error, AuthFailed)


def test_a_token_that_the_provider_repeats_is_masked():
    said = encoded_json({"message": "The token access-1 may not send."})
    _, error = sending(HttpResponse(403, (), said))
    assert "The token ******** may not send" in str(error)


@pytest.mark.parametrize("dsn", ["zoho://?token=1000.access&region=eu", "msgraph://?token=eyJ0access&region=usgov"])
def test_a_refused_token_is_shown_to_no_other_region_but_the_error_speaks_of_them(dsn: str) -> None:
    stage = Stage(dsn, lambda request: reply({"error": {"message": "no"}}, 401))
    error = stage.verify()
    assert isinstance(error, AuthFailed)
    assert "check region" in str(error)
    assert {request.url.startswith(stage.transport.base_url) for request in stage.requests} == {True}
