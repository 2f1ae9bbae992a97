"""Tokens in files."""

import json
import os
import stat
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.errors import ConfigError
from mailbridge.secret import Secret
from mailbridge.sending.oauth.client import Client
from mailbridge.sending.oauth.file_store import FileTokenStore
from mailbridge.sending.oauth.store import MemoryTokenStore
from mailbridge.sending.oauth.token import Token

TOKEN = Token("a", expires=5.0, refresh=Secret("r"), scope="s", client=Client("c", "cs"), url="https://x.example/t")
ACCOUNT = "gmail:ann@example.com"


@pytest.fixture(params=["memory", "files"])
def store(request, tmp_path):
    return MemoryTokenStore() if request.param == "memory" else FileTokenStore(tmp_path / "tokens")


def test_what_was_saved_is_loaded(store):
    assert store.load(ACCOUNT) is None
    store.save(ACCOUNT, TOKEN)
    assert store.load(ACCOUNT).to_dict() == TOKEN.to_dict()
    assert store.load("gmail:bob@example.com") is None


def test_what_was_forgotten_is_gone(store):
    store.save(ACCOUNT, TOKEN)
    assert [store.forget(ACCOUNT), store.forget(ACCOUNT)] == [True, False]
    assert store.load(ACCOUNT) is None


def test_only_one_may_renew_a_token(store):
    end = store.claim(ACCOUNT)
    assert store.claim(ACCOUNT) is None
    other = store.claim("gmail:bob@example.com")
    assert other is not None
    end()
    assert store.claim(ACCOUNT) is not None


@given(
    st.builds(
        Token,
        st.text(),
        expires=st.floats(0, 1e12),
        refresh=st.none() | st.builds(Secret, st.text(min_size=1)),
        scope=st.text(),
        client=st.none() | st.builds(Client, st.text(min_size=1), st.none() | st.text(min_size=1)),
        url=st.text(),
    )
)
def test_any_token_is_read_as_it_was_written(token):
    assert Token.from_dict(json.loads(json.dumps(token.to_dict()))).to_dict() == token.to_dict()


def test_a_token_does_not_print_its_secrets():
    assert repr(TOKEN) == "Token(Secret('********'), expires=5, scope='s')"
    assert repr(TOKEN.client) == "Client('c')"


def test_nobody_else_may_read_the_files(tmp_path):
    before = os.umask(0)
    try:
        store = FileTokenStore(tmp_path / "tokens")
        store.save(ACCOUNT, TOKEN)
        store.claim(ACCOUNT)()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "tokens").iterdir()}
    assert modes == {"gmail%3Aann@example.com.json": 0o600, "gmail%3Aann@example.com.lock": 0o600}
    assert stat.S_IMODE((tmp_path / "tokens").stat().st_mode) == 0o700


def test_a_file_that_others_may_read_is_refused(tmp_path):
    store = FileTokenStore(tmp_path)
    store.save(ACCOUNT, TOKEN)
    (tmp_path / "gmail%3Aann@example.com.json").chmod(0o640)
    with pytest.raises(ConfigError, match="can be read by others"):
        store.load(ACCOUNT)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"access_token": 1}', '{"expires_at": "soon"}', "\xff"])
def test_a_file_that_holds_something_else_is_an_error(tmp_path, content):
    path = tmp_path / "gmail%3Aann@example.com.json"
    path.write_bytes(content.encode("latin-1"))
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="holds no token"):
        FileTokenStore(tmp_path).load(ACCOUNT)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "tokens").write_text("a file")
    store = FileTokenStore(tmp_path / "tokens")
    for call in (lambda: store.save(ACCOUNT, TOKEN), lambda: store.claim(ACCOUNT)):
        with pytest.raises(ConfigError, match="token_store"):
            call()


@pytest.mark.parametrize("account", ["../../etc/passwd", "a/b", "", "ü@example.com", "..", "%2e"])
def test_no_account_leaves_the_folder(tmp_path, account):
    store = FileTokenStore(tmp_path / "tokens")
    store.save(account, TOKEN)
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path / "tokens"]
    assert store.accounts() == [account]


def test_a_save_that_breaks_leaves_the_last_token(tmp_path, monkeypatch):
    store = FileTokenStore(tmp_path)
    store.save(ACCOUNT, TOKEN)
    monkeypatch.setattr(os, "fsync", lambda handle: os.close(10**6))  # a disk that fails
    with pytest.raises(ConfigError, match="cannot be written"):
        store.save(ACCOUNT, Token("other"))
    assert store.load(ACCOUNT).access.reveal() == "a"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gmail%3Aann@example.com.json"]


def test_a_claim_ends_with_the_process_that_holds_it(tmp_path):
    program = (
        "import sys, os\nfrom mailbridge.sending.oauth.file_store import FileTokenStore\n"
        f"end = FileTokenStore({str(tmp_path)!r}).claim({ACCOUNT!r})\n"
        "print('claimed' if end else 'not', flush=True)\nsys.stdin.read()\nos._exit(1)"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout.readline() == b"claimed\n"
        store = FileTokenStore(tmp_path)
        assert store.claim(ACCOUNT) is None
    finally:
        child.communicate()
    assert store.claim(ACCOUNT) is not None
