"""`mailbridge auth status` and `mailbridge auth logout`."""

from __future__ import annotations

import time

import pytest
from support.authorisation_server import AuthorisationServer
from support.http_peer import HttpPeer, answer

from mailbridge.secret import Secret
from mailbridge.sending.oauth.client import Client
from mailbridge.sending.oauth.file_store import FileTokenStore
from mailbridge.sending.oauth.token import Token

ANN = "gmail:ann@example.com"


@pytest.fixture
def store(nowhere):
    kept = FileTokenStore(nowhere / "tokens")
    expires = time.time() + 1000
    kept.save(
        ANN,
        Token(
            "access-canary",
            expires=expires,
            refresh=Secret("refresh-canary"),
            scope="s",
            client=Client("c", "secret-canary"),
        ),
    )
    kept.save("outlook:me", Token("access-canary", expires=1.0))
    return kept


def test_status_shows_what_is_stored_and_no_secret(run, store):
    result = run("auth", "status", "--store", store.folder)
    head, ann, me = result.out.splitlines()
    assert (result.code, head.split()[0]) == (0, "Account")
    assert ann.startswith(f"{ANN}  lasts ")
    assert ann.endswith(" yes        c       s")
    assert me == "outlook:me             over          no"
    rows = run("auth", "status", "--store", store.folder, "--json")
    assert [row["renewable"] for row in rows.json["logins"]] == [True, False]
    assert rows.json["logins"][0]["seconds"] > 900
    assert "canary" not in result.out + rows.out


def test_status_shows_that_there_is_nothing(run, nowhere):
    assert run("auth", "status", "--store", nowhere / "none").out == f"No logins in {nowhere}/none.\n"


def test_status_shows_a_file_that_cannot_be_used(run, store):
    (store.folder / "gmail%3Aann@example.com.json").chmod(0o644)
    result = run("auth", "status", "--store", store.folder)
    assert result.code == 3
    assert "can be read by others" in result.out


def test_logout_tells_the_provider_and_removes_the_token(run, store):
    server = AuthorisationServer()
    with HttpPeer(server.script()) as peer:
        options = ["--user", "ann@example.com", "--store", store.folder, "--revoke-url", f"{peer.url}/revoke"]
        result = run("auth", "logout", "gmail", *options)
    assert (result.code, result.out) == (0, f"The token of {ANN} is removed.\n")
    assert server.revoked == ["refresh-canary"]
    assert store.accounts() == ["outlook:me"]


def test_a_provider_that_does_not_take_it_back_is_told_of(run, store):
    with HttpPeer([answer(400, {"error": "invalid_token"})]) as peer:
        options = ["--user", "ann@example.com", "--store", store.folder, "--revoke-url", f"{peer.url}/revoke"]
        result = run("auth", "logout", "gmail", *options)
    assert result.code == 0
    assert "Google did not take it back (HTTP 400)" in result.out
    assert store.load(ANN) is None


def test_logout_from_microsoft_says_where_to_end_it(run, store):
    result = run("auth", "logout", "outlook", "--store", store.folder)
    assert result.code == 0
    assert "Microsoft still knows the login" in result.out


def test_logout_may_be_local(run, store):
    result = run("auth", "logout", "gmail", "--user", "ann@example.com", "--store", store.folder, "--local", "--json")
    assert (result.json["account"], result.json["revoked"]) == (ANN, False)
    assert store.load(ANN) is None


def test_a_login_that_does_not_exist_is_an_error(run, store):
    result = run("auth", "logout", "gmail", "--user", "eve@example.com", "--store", store.folder)
    assert result.code == 3
    assert "mailbridge auth status" in result.err
