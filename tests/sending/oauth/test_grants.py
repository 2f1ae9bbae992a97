"""What is asked for a token: the statement of a service account."""

import json
import sys

import pytest
from support.authorisation_server import AuthorisationServer
from support.http_peer import HttpPeer

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import ConfigError
from mailbridge.flow.http import HttpOptions
from mailbridge.flow.operations import TlsOptions
from mailbridge.sending.oauth.grants import ServiceAccount
from mailbridge.sending.oauth.source import TokenSource
from mailbridge.sending.oauth.store import MemoryTokenStore

SCOPE = "https://www.googleapis.com/auth/gmail.send"


@pytest.fixture(scope="module")
def key():
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def file(key, tmp_path):
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    path = tmp_path / "account.json"
    said = {"client_email": "robot@project.example", "private_key": pem, "private_key_id": "k1"}
    path.write_text(json.dumps({**said, "token_uri": "https://oauth2.googleapis.com/token"}))
    return path


def test_a_service_account_states_who_asks_for_whom(colour, key, file):
    server = AuthorisationServer(public_key=key.public_key())
    with HttpPeer(server.script()) as peer:
        url = f"{peer.url}/token"
        grant = ServiceAccount(file, SCOPE, "ann@example.com", audience=url)
        options = HttpOptions(tls=TlsOptions(""))
        source = TokenSource(grant, usual=url, http=options, store=MemoryTokenStore(), account="gmail:ann@example.com")
        assert colour.run(source.token()).reveal() == "access-1"
    [claims] = server.claims
    lasts = claims.pop("exp") - claims.pop("iat")
    assert lasts == 3600
    assert claims == {"iss": "robot@project.example", "sub": "ann@example.com", "scope": SCOPE, "aud": url}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not the key of a service account"),
        ("[]", "is not the key of a service account"),
        ('{"installed": {"client_id": "x"}}', "is not the key of a service account"),
        ('{"client_email": "x", "private_key": "x", "token_uri": "x"}', "cannot be read"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_key_is_an_error_that_names_it(tmp_path, content, said):
    pytest.importorskip("cryptography")
    path = tmp_path / "account.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=said) as caught:
        ScriptedDriver().run(ServiceAccount(path, SCOPE, "ann@example.com").form(None))
    assert str(path) in str(caught.value)


def test_without_cryptography_the_error_names_the_extra(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ConfigError, match=r"\.\[oauth\]"):
        ServiceAccount(file, SCOPE, "ann@example.com")


def test_nor_can_anything_be_signed_where_a_part_of_it_is_missing(file, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("cryptography.")]:
        monkeypatch.setitem(sys.modules, name, None)
    account = ServiceAccount(file, SCOPE, "ann@example.com")
    with pytest.raises(ConfigError, match=r"\.\[oauth\]"):
        ScriptedDriver().run(account.form(None))
