"""Logging in: by a code on another device, and by a browser on this one."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.authorisation_server import CLIENT, AuthorisationServer
from support.http_peer import HttpPeer

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import AuthFailed, ConfigError, ProtocolError, TimedOut
from mailbridge.flow.http import Http, HttpOptions, HttpResponse, encoded_json
from mailbridge.flow.operations import Sleep, TlsOptions
from mailbridge.secret import Secret
from mailbridge.sending.oauth.authorities import google, microsoft, zoho
from mailbridge.sending.oauth.authorization_code import BrowserLogin
from mailbridge.sending.oauth.client import Client
from mailbridge.sending.oauth.device import begun, finished

OPTIONS = HttpOptions(tls=TlsOptions(""))
ME = Client(CLIENT["client_id"], CLIENT["client_secret"])
CODE = {"user_code": "ABCD", "device_code": "d-1", "verification_uri": "https://x.example", "expires_in": 60}


def says(*answers):
    return [
        each if isinstance(each, Exception) else HttpResponse(each[0], (), encoded_json(each[1])) for each in answers
    ]


def refusal(code):
    return (400, {"error": code})


def login():
    code = yield from begun(microsoft(), ME, OPTIONS)
    return (yield from finished(microsoft(), ME, code, OPTIONS))


def test_a_device_waits_as_long_as_the_server_says():
    answers = [(200, {**CODE, "interval": 2}), refusal("authorization_pending"), refusal("slow_down")]
    driver = ScriptedDriver({Http: says(*answers, (200, {"access_token": "a", "refresh_token": "r"}))})
    token = driver.run(login())
    assert (token.access.reveal(), token.refresh.reveal()) == ("a", "r")
    assert driver.slept == [2, 2, 7]
    device, *polls = [op.request for op in driver.performed if isinstance(op, Http)]
    assert device.url == "https://login.microsoftonline.com/common/oauth2/v2.0/devicecode"
    assert dict(parse_qsl(device.body.decode()))["scope"].split()[-1] == "offline_access"
    assert dict(parse_qsl(polls[0].body.decode())) == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": "d-1",
        **CLIENT,
    }


def test_a_device_asks_less_often_when_there_is_no_answer():
    driver = ScriptedDriver({Http: says((200, CODE), TimedOut("no answer"), (200, {"access_token": "a"}))})
    driver.run(login())
    assert driver.slept == [5, 10]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("expired_token", "is expired"),
        ("authorization_declined", "was not granted"),
        ("access_denied", "was not granted"),
        ("invalid_grant", "no longer accepts"),
    ],
)
def test_a_login_that_does_not_come_about_is_an_error(code, said):
    with pytest.raises(AuthFailed, match=said):
        ScriptedDriver({Http: says((200, CODE), refusal(code))}).run(login())


def test_a_code_that_nobody_types_is_an_error_in_the_end():
    driver = ScriptedDriver({Http: says((200, CODE), *[refusal("authorization_pending")] * 11)})
    with pytest.raises(AuthFailed, match="not typed in time"):
        driver.run(login())
    assert driver.count(Sleep) == 12


def test_an_answer_without_a_code_is_an_error():
    with pytest.raises(ProtocolError, match="gave none"):
        ScriptedDriver({Http: says((200, {"user_code": 1}))}).run(login())


def test_google_has_no_login_on_another_device():
    with pytest.raises(ConfigError, match="Google has no login on another device"):
        ScriptedDriver().run(begun(google(), ME, OPTIONS))


# --- by a browser


def browser(authority, state="s1"):
    return BrowserLogin(
        authority,
        ME,
        redirect_uri="http://127.0.0.1:8123",
        verifier=Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        state=state,
        user="ann@example.com",
    )


def test_the_browser_is_sent_with_the_challenge_of_rfc_7636_appendix_b():
    url = urlsplit(browser(google()).url)
    assert url.netloc == "accounts.google.com"
    asked = dict(parse_qsl(url.query))
    assert asked["code_challenge"] == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert (asked["access_type"], asked["login_hint"], asked["state"]) == ("offline", "ann@example.com", "s1")
    assert CLIENT["client_secret"] not in browser(google()).url


def test_zoho_wants_its_scopes_separated_by_commas():
    asked = dict(parse_qsl(urlsplit(browser(zoho(region="eu")).url).query))
    assert asked["scope"] == "ZohoMail.messages.CREATE,ZohoMail.accounts.READ"
    assert browser(zoho(region="eu")).url.startswith("https://accounts.zoho.eu/oauth/v2/auth?")


@pytest.mark.parametrize(
    "target", ["/favicon.ico", "/?code=c", "/?code=c&state=s2", "/?state=s1", "/?error=x&state=s2"]
)
def test_what_is_not_the_answer_to_this_login_is_left_alone(target):
    assert browser(google()).code_in(target) is None


@given(st.text() | st.text().map(lambda text: f"/?code={text}&state=s1&error={text}") | st.binary().map(str))
def test_no_target_breaks_the_reader(target):
    try:
        found = browser(google()).code_in(target)
    except AuthFailed:
        found = None
    assert found is None or isinstance(found, Secret)


def test_a_refusal_in_the_browser_is_an_error():
    with pytest.raises(AuthFailed, match="Google did not permit it: access_denied"):
        browser(google()).code_in("/?error=access_denied&state=s1")


def test_the_code_is_exchanged_with_the_verifier(colour):
    server = AuthorisationServer()
    with HttpPeer(server.script()) as peer:
        authority = google()._replace(authorize_url=f"{peer.url}/authorize", token_url=f"{peer.url}/token")
        one = browser(authority)
        server._codes["c-1"] = dict(parse_qsl(urlsplit(one.url).query))
        code = one.code_in("/?code=c-1&state=s1")
        token = colour.run(one.token_for(code, OPTIONS))
    assert (token.access.reveal(), token.refresh.reveal()) == ("access-1", "refresh-1")
