"""From settings to tokens: which way is taken, and whose token it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.authorisation_server import CLIENT, AuthorisationServer
from support.http_peer import HttpPeer

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import ConfigError
from mailbridge.flow.http import Http, HttpOptions, HttpResponse, encoded_json
from mailbridge.flow.operations import TlsOptions
from mailbridge.secret import Secret
from mailbridge.sending.oauth.authorities import MICROSOFT_GRAPHS, ZOHO_ACCOUNTS, google, microsoft, zoho
from mailbridge.sending.oauth.choice import tokens_for
from mailbridge.sending.oauth.file_store import DEFAULT_FOLDER, FileTokenStore
from mailbridge.sending.oauth.settings import OAuthSettings
from mailbridge.sending.oauth.store import MemoryTokenStore
from mailbridge.sending.oauth.token import Token

OPTIONS = HttpOptions(tls=TlsOptions(""))


def forms(settings, authority, **options):
    """Return the forms of the requests for a token."""
    driver = ScriptedDriver({Http: [HttpResponse(200, (), encoded_json({"access_token": "access-1"}))]})
    driver.run(tokens_for(OAuthSettings(**settings), authority, OPTIONS, **options).token())
    return [(op.request.url, op.request.body.decode()) for op in driver.performed if isinstance(op, Http)]


def test_a_token_that_is_given_is_taken():
    assert forms({"token": "access-0"}, google()) == []


def test_a_refresh_token_goes_before_the_identity_of_an_application():
    [(url, body)] = forms({"client_id": "c", "client_secret": "s", "refresh_token": "r"}, microsoft(tenant="t"))
    assert url == "https://login.microsoftonline.com/t/oauth2/v2.0/token"
    assert body == "grant_type=refresh_token&refresh_token=r&client_id=c&client_secret=s"


def test_a_client_with_a_secret_is_an_application_where_there_are_such():
    [(_, body)] = forms({"client_id": "c", "client_secret": "s"}, microsoft(tenant="t"))
    assert body.startswith("grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&")
    with pytest.raises(ConfigError, match="Log in first: mailbridge auth login gmail"):
        forms({"client_id": "c", "client_secret": "s", "token_store": MemoryTokenStore()}, google())


def test_another_endpoint_goes_before_the_authoritys():
    [(url, _)] = forms({"client_id": "c", "refresh_token": "r", "token_url": "https://proxy.example/t"}, google())
    assert url == "https://proxy.example/t"


def test_logins_are_looked_for_in_the_usual_folder():
    source = tokens_for(OAuthSettings(), google(), OPTIONS, user="ann@example.com")
    assert source._store.folder == DEFAULT_FOLDER.expanduser()


@pytest.mark.catalogue("A32")
def test_nobody_gets_the_token_of_another(tmp_path, colour):
    """Accounts, clients and refresh tokens that share a store."""
    server = AuthorisationServer()
    with HttpPeer(server.script()) as peer:

        def token(user, **more):
            settings = {**CLIENT, "refresh_token": "refresh-1", "token_url": f"{peer.url}/token", **more}
            given = OAuthSettings(**settings, token_store=tmp_path)
            return colour.run(tokens_for(given, google(), OPTIONS, user=user).token()).reveal()

        assert token("ann@example.com") == "access-1"
        assert token("bob@example.com") == "access-2"
        server.refresh = "refresh-2"
        assert token("ann@example.com", refresh_token="refresh-2") == "access-3"
        assert token("ann@example.com") == "access-1"
    assert len(FileTokenStore(tmp_path).accounts()) == 3


def test_a_login_for_smtp_is_none_for_the_api(tmp_path):
    store = FileTokenStore(tmp_path)
    store.save("gmail+smtp:ann@example.com", Token("", refresh=Secret("r")))
    with pytest.raises(ConfigError, match=r"mailbridge auth login gmail --user ann@example\.com"):
        forms({"client_id": "c", "token_store": tmp_path}, google(), user="ann@example.com")


@pytest.mark.parametrize("store", ["/var/lib/shop/tokens", Path("tokens"), MemoryTokenStore()])
def test_a_store_is_a_folder_or_has_its_methods(store):
    assert OAuthSettings(token_store=store).token_store is not None


@pytest.mark.parametrize("store", [7, object(), ["a"]])
def test_anything_else_is_no_store(store):
    with pytest.raises(ValueError, match="TokenStore"):
        OAuthSettings(token_store=store)


def test_every_cloud_and_data_centre_has_an_address():
    urls = [microsoft(cloud=cloud).token_url for cloud in MICROSOFT_GRAPHS]
    urls += [zoho(region=region).token_url for region in ZOHO_ACCOUNTS]
    assert all(url.startswith("https://") for url in urls)
    assert microsoft(cloud="china").scope.startswith("https://microsoftgraph.chinacloudapi.cn/Mail.Send ")
