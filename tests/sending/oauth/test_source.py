"""`TokenSource`: renewed in time, and once for all who wait."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.authorisation_server import CLIENT, AuthorisationServer
from support.http_peer import HttpPeer, answer, delay, drop

from mailbridge.drivers.async_ import AsyncDriver
from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.drivers.sync import SyncDriver
from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ConnectFailed,
    MailError,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    ServerError,
    TimedOut,
)
from mailbridge.flow.http import Http, HttpOptions, HttpResponse, encoded_json
from mailbridge.flow.operations import Sleep, TlsOptions
from mailbridge.secret import Secret
from mailbridge.sending.oauth.client import Client
from mailbridge.sending.oauth.file_store import FileTokenStore
from mailbridge.sending.oauth.grants import ClientCredentials, RefreshToken
from mailbridge.sending.oauth.source import JUST_NOW, TokenSource
from mailbridge.sending.oauth.store import MemoryTokenStore
from mailbridge.sending.oauth.token import MARGIN, Token

_NAMES = st.sampled_from(["access_token", "expires_in", "refresh_token", "scope", "error", "error_description"])
URL = "https://auth.example.com/token"
OPTIONS = HttpOptions(tls=TlsOptions(""), connections=10, total=20.0)
ME = Client(CLIENT["client_id"], CLIENT["client_secret"])
SEED = Secret("refresh-1")


def source(url=URL, *, store=None, grant=None, **options):
    return TokenSource(
        grant or RefreshToken(ME, SEED),
        usual=url,
        http=OPTIONS,
        store=store if store is not None else MemoryTokenStore(),
        account="gmail:ann@example.com",
        **options,
    )


def says(*payloads, status=200, headers=()):
    return [HttpResponse(status, headers, encoded_json(each)) for each in payloads]


def grants(*numbers, lasts=3600):
    return says(*({"access_token": f"access-{number}", "expires_in": lasts} for number in numbers))


def test_a_token_is_asked_for_once_and_kept_until_it_is_about_to_expire():
    driver = ScriptedDriver({Http: grants(1, 2)})
    tokens = source()
    assert driver.run(tokens.token()).reveal() == "access-1"
    driver.wall += 3600 - MARGIN - 1
    assert driver.run(tokens.token()).reveal() == "access-1"
    driver.wall += 1
    assert driver.run(tokens.token()).reveal() == "access-2"
    assert driver.count(Http) == 2


def test_a_token_that_lasts_a_minute_is_used_for_half_of_it():
    driver = ScriptedDriver({Http: grants(1, lasts=60) + grants(2)})
    tokens = source()
    driver.run(tokens.token())
    driver.wall += 29
    assert driver.run(tokens.token()).reveal() == "access-1"
    driver.wall += 1
    assert driver.run(tokens.token()).reveal() == "access-2"


@pytest.mark.parametrize("failure", [HttpResponse(503), OutcomeUnknown("no answer"), ConnectFailed("no route")])
def test_a_token_that_still_lasts_is_used_while_it_cannot_be_renewed(failure):
    driver = ScriptedDriver({Http: [*grants(1), failure, failure]})
    tokens = source()
    driver.run(tokens.token())
    driver.wall += 3600 - MARGIN
    assert driver.run(tokens.token()).reveal() == "access-1"
    driver.wall += MARGIN
    with pytest.raises(MailError):
        driver.run(tokens.token())


@pytest.mark.parametrize("lasts", [None, "soon", -5, 0, True, [], 10**400, 1e300])
def test_a_token_of_which_the_server_does_not_say_how_long_it_lasts_is_kept_for_a_while(lasts):
    driver = ScriptedDriver(
        {Http: says({"access_token": "access-1", "expires_in": lasts}, {"access_token": "access-2"})}
    )
    tokens = source()
    driver.run(tokens.token())
    driver.wall += 3600
    assert driver.run(tokens.token()).reveal() == "access-2"


def test_the_form_names_grant_token_and_client():
    driver = ScriptedDriver({Http: grants(1)})
    driver.run(source().token())
    [request] = [op.request for op in driver.performed if isinstance(op, Http)]
    assert (request.method, request.url) == ("POST", URL)
    assert request.body == (
        b"grant_type=refresh_token&refresh_token=refresh-1&client_id=client-1&client_secret=s3cret-of-client"
    )


def test_an_application_names_its_scope():
    driver = ScriptedDriver({Http: grants(1)})
    driver.run(source(grant=ClientCredentials(ME, "https://graph.example/.default")).token())
    [request] = [op.request for op in driver.performed if isinstance(op, Http)]
    assert request.body.startswith(b"grant_type=client_credentials&scope=https%3A%2F%2Fgraph.example%2F.default&")


def test_a_refused_token_is_renewed_even_though_it_should_last():
    driver = ScriptedDriver({Http: grants(1, 2)})
    tokens = source()
    refused = driver.run(tokens.token()).reveal()
    assert driver.run(tokens.renewed(refused)) is True
    assert driver.run(tokens.token()).reveal() == "access-2"


def test_who_comes_late_with_the_token_that_was_refused_gets_the_one_that_was_renewed():
    driver = ScriptedDriver({Http: grants(1, 2)})
    tokens = source()
    refused = driver.run(tokens.token()).reveal()
    assert [driver.run(tokens.renewed(refused)) for _ in range(5)] == [True] * 5
    assert driver.count(Http) == 2


def test_a_server_that_gives_the_refused_token_again_has_no_other():
    driver = ScriptedDriver({Http: grants(1, 1)})
    tokens = source()
    assert driver.run(tokens.renewed(driver.run(tokens.token()).reveal())) is False


def test_a_rotated_refresh_token_is_stored_and_used():
    first = {"access_token": "access-1", "expires_in": 60, "refresh_token": "refresh-2"}
    driver = ScriptedDriver({Http: says(first) + grants(2)})
    store = MemoryTokenStore()
    tokens = source(store=store)
    driver.run(tokens.token())
    assert store.load("gmail:ann@example.com").refresh == Secret("refresh-2")
    driver.wall += 60
    driver.run(tokens.token())
    bodies = [op.request.body for op in driver.performed if isinstance(op, Http)]
    assert [b"refresh_token=refresh-2&" in body for body in bodies] == [False, True]
    # the second answer did not repeat it, and it is kept
    assert store.load("gmail:ann@example.com").refresh == Secret("refresh-2")


def test_a_token_that_another_process_has_renewed_is_taken_from_the_store():
    driver = ScriptedDriver({Http: grants(1)})
    store = MemoryTokenStore()
    ours, theirs = source(store=store), source(store=store)
    driver.run(theirs.token())
    assert driver.run(ours.token()).reveal() == "access-1"
    assert driver.count(Http) == 1


def test_without_a_login_the_error_says_how_to_log_in():
    missing = RefreshToken(None, missing="Log in first: mailbridge auth login gmail.")
    with pytest.raises(ConfigError, match="mailbridge auth login gmail"):
        ScriptedDriver().run(source(grant=missing).token())


def test_a_login_brings_its_client_and_its_endpoint():
    store = MemoryTokenStore()
    login = Token("", refresh=Secret("refresh-9"), client=Client("stored"), url="https://other.example/token")
    store.save("gmail:ann@example.com", login)
    driver = ScriptedDriver({Http: grants(1)})
    driver.run(source(store=store, grant=RefreshToken(None)).token())
    [request] = [op.request for op in driver.performed if isinstance(op, Http)]
    assert request.url == "https://other.example/token"
    assert request.body == b"grant_type=refresh_token&refresh_token=refresh-9&client_id=stored"
    assert store.load("gmail:ann@example.com").client.id == "stored"


def test_a_store_that_cannot_be_written_is_warned_of_and_the_mail_goes_out(caplog):
    class Full(MemoryTokenStore):
        def save(self, account, token):
            raise ConfigError("The disk is full.")

    driver = ScriptedDriver({Http: grants(1)})
    with caplog.at_level(logging.WARNING, "mailbridge.oauth"):
        assert driver.run(source(store=Full()).token()).reveal() == "access-1"
    assert "could not be stored: The disk is full." in caplog.text


def test_a_store_that_breaks_is_an_error_of_the_settings(colour):
    class Broken(MemoryTokenStore):
        quick = False

        def load(self, account):
            raise KeyError("vault sealed")

    with pytest.raises(ConfigError, match="vault sealed"):
        colour.run(source(store=Broken()).token())


# --- what refusals mean

REFUSALS = [
    pytest.param(400, {"error": "invalid_grant"}, AuthFailed, "Log in again: mailbridge auth login", id="login over"),
    pytest.param(200, {"error": "invalid_code"}, AuthFailed, "Log in again: mailbridge auth login", id="Zoho, by 200"),
    pytest.param(401, {"error": "invalid_client"}, AuthFailed, "client_secret", id="client"),
    pytest.param(
        401,
        {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."},
        AuthFailed,
        "not its id",
        id="id of the secret pasted",
    ),
    pytest.param(400, {"error": "invalid_scope"}, ConfigError, "scope", id="scope"),
    pytest.param(404, {}, ConfigError, "token_url", id="not there"),
    pytest.param(302, {}, ConfigError, "redirects", id="redirect"),
    pytest.param(429, {}, RateLimited, "HTTP 429", id="too many"),
    pytest.param(400, {"error": "Access Denied"}, RateLimited, "less often", id="Zoho, too many"),
    pytest.param(500, {}, ServerError, "HTTP 500", id="500"),
    pytest.param(503, {"error": "temporarily_unavailable"}, ServerError, "HTTP 503", id="503"),
    pytest.param(200, {"id": 1}, ProtocolError, "gave none", id="no token"),
    pytest.param(200, {"access_token": "a\nb"}, ProtocolError, "gave none", id="token that is no token"),
]


@pytest.mark.parametrize(("status", "payload", "kind", "said"), REFUSALS)
def test_what_the_endpoint_refuses_is_a_typed_error(status, payload, kind, said):
    driver = ScriptedDriver({Http: says(payload, status=status, headers=[("Retry-After", "7")])})
    with pytest.raises(MailError) as caught:
        driver.run(source(again="mailbridge auth login gmail").token())
    error = caught.value
    assert type(error) is kind
    assert said in str(error)
    assert error.phase == "auth"
    assert error.retryable == issubclass(kind, (RateLimited, ServerError))
    if kind in (RateLimited, ServerError):
        assert error.retry_after == 7.0


def test_no_answer_of_the_endpoint_leaves_nothing_unknown():
    driver = ScriptedDriver({Http: [OutcomeUnknown("no answer")]})
    with pytest.raises(TimedOut, match="no mail was sent") as caught:
        driver.run(source().token())
    assert caught.value.retryable


def test_a_failed_renewal_does_not_keep_others_from_trying():
    driver = ScriptedDriver({Http: [ConnectFailed("no route"), *grants(1)]})
    tokens = source()
    with pytest.raises(ConnectFailed):
        driver.run(tokens.token())
    assert driver.run(tokens.token()).reveal() == "access-1"
    assert driver.count(Sleep) == 0


def test_secrets_that_the_endpoint_repeats_are_masked():
    said = "The token refresh-1 of s3cret-of-client is bad."
    driver = ScriptedDriver({Http: says({"error": "invalid_grant", "error_description": said}, status=400)})
    with pytest.raises(AuthFailed) as caught:
        driver.run(source().token())
    assert "refresh-1" not in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "The token ******** of ******** is bad" in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES | st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.integers(200, 599), st.dictionaries(_NAMES, JSON) | JSON, st.binary(max_size=4))
def test_whatever_the_endpoint_says_is_a_token_or_a_typed_error(status, payload, junk):
    answer = HttpResponse(status, [("Retry-After", "x")], json.dumps(payload).encode() + junk)
    driver = ScriptedDriver({Http: [answer]})
    try:
        found = driver.run(source().token()).reveal()
    except MailError as error:
        found = error
    if isinstance(found, str):
        assert (status < 300, found.isascii(), found.isprintable()) == (True, True, True)
    else:
        assert not isinstance(found, OutcomeUnknown)
        assert "refresh-1" not in repr(found.__dict__)


# --- one renewal for all


def test_an_abandoned_renewal_gives_its_turn_back():
    driver = ScriptedDriver({Http: grants(1)})
    tokens = source()
    steps = driver.steps(tokens.token())
    while not isinstance(next(steps), Http):
        pass
    steps.close()
    assert driver.run(tokens.token()).reveal() == "access-1"
    assert driver.count(Sleep) == 0


def test_who_waits_for_ever_is_told_so():
    store = MemoryTokenStore()
    assert store.claim("gmail:ann@example.com") is not None
    driver = ScriptedDriver()
    with pytest.raises(TimedOut, match=r"gmail:ann@example.com for 20 s"):
        driver.run(source(store=store).token())


@pytest.mark.parametrize("kind", ["memory", "files"])
def test_fifty_threads_make_one_request(kind, tmp_path):
    server = AuthorisationServer(rotate=True, delay=delay(0.05))
    with HttpPeer(server.script()) as peer:
        store = FileTokenStore(tmp_path) if kind == "files" else None
        tokens = source(f"{peer.url}/token", store=store)
        driver = SyncDriver()
        with ThreadPoolExecutor(50) as pool:
            found = list(pool.map(lambda _: driver.run(tokens.token()).reveal(), range(50)))
        driver.close()
    assert set(found) == {"access-1"}
    assert server.grants == ["refresh_token"]


@pytest.mark.parametrize("shared", [True, False], ids=["one driver", "a driver for each"])
@pytest.mark.parametrize("kind", ["memory", "files"])
def test_fifty_tasks_make_one_request(kind, shared, tmp_path):
    server = AuthorisationServer(rotate=True, delay=delay(0.05))

    async def fifty(tokens):
        common = AsyncDriver()

        async def one():
            driver = common if shared else AsyncDriver()
            token = await driver.run(tokens.token())
            if not shared:
                await driver.close()
            return token.reveal()

        found = await asyncio.gather(*(one() for _ in range(50)))
        await common.close()
        return found

    with HttpPeer(server.script()) as peer:
        store = FileTokenStore(tmp_path) if kind == "files" else None
        found = asyncio.run(fifty(source(f"{peer.url}/token", store=store)))
    assert set(found) == {"access-1"}
    assert server.grants == ["refresh_token"]


def test_processes_that_share_a_folder_renew_once_for_each_other(tmp_path):
    """Two sources, as two processes have, and one store: each refresh token is good for one use."""
    server = AuthorisationServer(rotate=True, delay=delay(0.02))
    with HttpPeer(server.script()) as peer:
        both = [source(f"{peer.url}/token", store=FileTokenStore(tmp_path)) for _ in range(2)]
        driver = SyncDriver()
        with ThreadPoolExecutor(2) as pool:
            for number in range(1, 4):
                stale = f"access-{number - 1}"
                assert list(pool.map(lambda tokens, stale=stale: driver.run(tokens.renewed(stale)), both)) == [True] * 2
        driver.close()
    assert [form["refresh_token"] for form in server.forms] == ["refresh-1", "refresh-2", "refresh-3"]


PROGRAM = """
import sys
from mailbridge.drivers.sync import SyncDriver
from mailbridge.extend import HttpOptions, OAuthSettings, TlsOptions, google, tokens_for

url, folder, client, secret = sys.argv[1:]
settings = OAuthSettings(
    client_id=client, client_secret=secret, refresh_token="refresh-1", token_url=url, token_store=folder
)
print(SyncDriver().run(tokens_for(settings, google(), HttpOptions(tls=TlsOptions(""))).token()).reveal())
"""


def test_processes_make_one_request(tmp_path):
    server = AuthorisationServer(rotate=True, delay=delay(0.1))
    with HttpPeer(server.script()) as peer:
        arguments = [sys.executable, "-c", PROGRAM, f"{peer.url}/token", tmp_path, *CLIENT.values()]
        programs = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        printed = [program.communicate()[0] for program in programs]
    assert printed == ["access-1\n"] * 4
    assert server.grants == ["refresh_token"]


REFUSED = {"error": "invalid_grant"}


def test_a_login_that_is_over_is_not_tried_for_every_message():
    driver = ScriptedDriver({Http: says(REFUSED, status=400) + grants(1)})
    tokens = source()
    for _ in range(50):
        with pytest.raises(AuthFailed, match="no longer accepts"):
            driver.run(tokens.token())
    assert driver.count(Http) == 1
    driver.now += JUST_NOW
    assert driver.run(tokens.token()).reveal() == "access-1"


def test_a_server_that_asks_to_wait_is_waited_for():
    driver = ScriptedDriver({Http: says({}, status=429, headers=[("Retry-After", "60")]) + grants(1)})
    tokens = source()
    for _ in range(2):
        with pytest.raises(RateLimited):
            driver.run(tokens.token())
    driver.now += 60
    assert driver.run(tokens.token()).reveal() == "access-1"


@pytest.mark.parametrize(
    ("said", "kind"), [(answer(400, REFUSED), AuthFailed), (answer(503), ServerError)], ids=["over", "busy"]
)
def test_those_who_wait_for_a_renewal_share_its_failure(said, kind):
    with HttpPeer(lambda request: delay(0.2) + said) as peer:
        tokens, driver = source(f"{peer.url}/token"), SyncDriver()

        def ask(_):
            with pytest.raises(kind) as caught:
                driver.run(tokens.token())
            return caught.value

        with ThreadPoolExecutor(20) as pool:
            errors = list(pool.map(ask, range(20)))
        driver.close()
        asked = len(peer.requests)
    assert asked < 3  # a thread that began only after the first answer may ask for itself
    assert len({id(error) for error in errors}) == 20


@pytest.mark.parametrize("broken", [answer(500), drop()], ids=["500", "no answer"])
def test_a_broken_endpoint_is_an_error_that_permits_another_try(colour, broken):
    with HttpPeer([broken]) as peer, pytest.raises(MailError) as caught:
        colour.run(source(f"{peer.url}/token").token())
    assert isinstance(caught.value, (ServerError, TimedOut))
    assert caught.value.retryable


# --- for SMTP


def test_refusals_of_several_connections_at_once_are_one_renewal():
    driver = ScriptedDriver({Http: grants(1, 2, 3)})
    tokens = source()
    assert driver.run(tokens(refresh=False)).reveal() == "access-1"
    assert [driver.run(tokens(refresh=True)).reveal() for _ in range(5)] == ["access-2"] * 5
    driver.now += JUST_NOW
    assert driver.run(tokens(refresh=True)).reveal() == "access-3"
