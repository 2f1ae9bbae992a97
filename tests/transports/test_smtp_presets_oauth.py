"""Gmail and Microsoft over SMTP, with tokens that are got and renewed."""

from __future__ import annotations

import pytest
from support.authorisation_server import CLIENT, AuthorisationServer
from support.http_peer import HttpPeer

from mailbridge import Mailer, Message
from mailbridge.errors import AuthFailed, ConfigError
from mailbridge.plugins import Plugins
from mailbridge.secret import Secret
from mailbridge.sending.oauth.client import Client
from mailbridge.sending.oauth.file_store import FileTokenStore
from mailbridge.sending.oauth.token import Token

MESSAGE = Message(from_="ann@gmail.com", to="bob@example.org", subject="Hi", text="Hello")


def mailer(server, authority, *, preset="gmail+smtp", **options):
    where = {"host": server.host, "port": server.port, "token_url": f"{authority.url}/token"}
    return Mailer({"transport": preset, "user": "ann@gmail.com", **where, **options})


def test_a_refresh_token_becomes_a_token_for_all_connections(colour, peer):
    server = peer(auth=("ann@gmail.com", "access-1"), mechanisms=["XOAUTH2"])
    authority = AuthorisationServer()
    with HttpPeer(authority.script()) as http:
        one = mailer(server, http, **CLIENT, refresh_token="refresh-1", max_messages=1)
        with colour.using(one):
            assert all(receipt.complete for receipt in colour.send_many(one, [MESSAGE] * 3))
    assert authority.grants == ["refresh_token"]
    assert {message.user for message in server.messages} == {"ann@gmail.com"}


@pytest.mark.catalogue("F19")
def test_a_token_that_the_server_refuses_is_renewed_once(colour, peer):
    server = peer(auth=("ann@gmail.com", "access-2"), mechanisms=["XOAUTH2"])
    authority = AuthorisationServer()
    with HttpPeer(authority.script()) as http:
        one = mailer(server, http, **CLIENT, refresh_token="refresh-1")
        with colour.using(one):
            assert colour.send(one, MESSAGE).complete
    assert authority.grants == ["refresh_token", "refresh_token"]


@pytest.mark.catalogue("F19")
def test_a_token_that_stays_refused_is_an_error_after_one_renewal(colour, peer):
    server = peer(auth=("ann@gmail.com", "another"), mechanisms=["XOAUTH2"])
    authority = AuthorisationServer()
    with HttpPeer(authority.script()) as http:
        one = mailer(server, http, **CLIENT, refresh_token="refresh-1")
        with colour.using(one), pytest.raises(AuthFailed):
            colour.send(one, MESSAGE)
    assert authority.grants == ["refresh_token", "refresh_token"]


def test_a_login_that_is_over_is_said_before_the_server_is_asked(colour, peer):
    server = peer(auth=("ann@gmail.com", "access-1"), mechanisms=["XOAUTH2"])
    with HttpPeer(AuthorisationServer(refresh="another").script()) as http:
        one = mailer(server, http, **CLIENT, refresh_token="refresh-1")
        with colour.using(one), pytest.raises(AuthFailed, match="no longer accepts the login"):
            colour.send(one, MESSAGE)
    assert server.messages == []


def test_a_stored_login_is_used(colour, peer, tmp_path):
    server = peer(auth=("ann@gmail.com", "access-1"), mechanisms=["XOAUTH2"])
    with HttpPeer(AuthorisationServer().script()) as http:
        stored = Token("", refresh=Secret("refresh-1"), client=Client(**_client()), url=f"{http.url}/token")
        FileTokenStore(tmp_path).save("gmail+smtp:ann@gmail.com", stored)
        one = mailer(server, http, oauth=True, token_store=str(tmp_path), token_url="")
        with colour.using(one):
            assert colour.send(one, MESSAGE).complete
    assert FileTokenStore(tmp_path).load("gmail+smtp:ann@gmail.com").access.reveal() == "access-1"


def test_without_a_stored_login_the_error_says_how_to_log_in(colour, peer, tmp_path):
    server = peer(auth=("ann@gmail.com", "access-1"), mechanisms=["XOAUTH2"])
    with HttpPeer() as http:
        one = mailer(server, http, oauth=True, token_store=str(tmp_path))
        with colour.using(one), pytest.raises(ConfigError, match="mailbridge auth login gmail --smtp --user ann@gmail"):
            colour.send(one, MESSAGE)


def test_microsoft_gives_an_application_a_token_for_smtp(colour, peer):
    server = peer(auth=("ann@gmail.com", "access-1"), mechanisms=["XOAUTH2"])
    authority = AuthorisationServer()
    with HttpPeer(authority.script()) as http:
        one = mailer(server, http, preset="outlook+smtp", tenant="example.com", **CLIENT)
        with colour.using(one):
            assert colour.send(one, MESSAGE).complete
    assert [form["scope"] for form in authority.forms] == ["https://outlook.office365.com/.default"]


@pytest.mark.parametrize(
    ("dsn", "said"),
    [
        ("gmail+smtp://ann%40gmail.com:pw@default?oauth=true", "exclude each other"),
        ("gmail+smtp://ann%40gmail.com@default?oauth=true&token=t", "token stands alone"),
        ("gmail+smtp://ann%40gmail.com@default?oauth=true&tenant=t", "tenant belongs to Microsoft"),
        ("outlook+smtp://ann%40example.com@default?service_account=/x", "service_account belongs to Google"),
        ("outlook+smtp://ann%40example.com@default?client_id=c&client_secret=s", "needs its tenant"),
        ("sendgrid+smtp://SG.k@default?oauth=true", "oauth is unknown"),
    ],
)
def test_settings_that_cannot_work_are_refused(dsn, said):
    with pytest.raises(ConfigError, match=said):
        Plugins().build(dsn)


def _client():
    return {"id": CLIENT["client_id"], "secret": CLIENT["client_secret"]}
