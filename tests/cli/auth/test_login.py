"""`mailbridge auth login`, against an authorisation server on loopback; then mail goes out with what it stored."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import threading
import webbrowser

import httpx
import pytest
from support.authorisation_server import CLIENT, AuthorisationServer
from support.http_peer import HttpPeer, answer

from mailbridge import Mailer, Message
from mailbridge.sending.oauth.file_store import FileTokenStore

MESSAGE = Message(from_="ann@example.com", to="bob@example.org", subject="Hi", text="Hello")
ANN = ["--user", "ann@example.com"]


@pytest.fixture
def store(nowhere):
    return nowhere / "tokens"


def places(peer, store):
    return [
        "--client-id", CLIENT["client_id"], "--store", str(store), "--token-url", f"{peer.url}/token",
        "--authorize-url", f"{peer.url}/authorize", "--device-url", f"{peer.url}/device",
    ]  # fmt: skip


SECRET = ["--client-secret", CLIENT["client_secret"]]


@pytest.fixture
def browser(monkeypatch):
    """Have a browser that opens whatever it is told to, and follows where that leads."""
    seen, visits = [], []

    def opened(url):
        visits.append(threading.Thread(target=lambda: seen.append(httpx.get(url, follow_redirects=True).text)))
        visits[-1].start()
        return True

    monkeypatch.setattr(webbrowser, "open", opened)
    yield
    for visit in visits:
        visit.join()
    assert [page for page in seen if "You are logged in." in page or "The login was refused." in page] == seen


def test_a_browser_logs_in_and_mail_goes_out(run, store, browser, colour):
    server = AuthorisationServer(rotate=True)
    with HttpPeer(server.script(lambda request: answer(200, {"id": "m1"}))) as peer:
        result = run("auth", "login", "gmail", *ANN, *places(peer, store), *SECRET)
        assert (result.code, result.out.splitlines()) == (
            0,
            [
                f"Logged in; the token of gmail:ann@example.com is kept in {store}.",
                f"Use it by gmail://ann%40example.com@default?token_store={store}",
            ],
        )
        [asked] = server.authorized
        assert (asked["login_hint"], asked["access_type"]) == ("ann@example.com", "offline")
        assert asked["scope"] == "https://www.googleapis.com/auth/gmail.send"
        server.revoke_all()  # the token is renewed with what was stored beside it
        mailer = Mailer(f"gmail://ann%40example.com@default?token_store={store}&base_url={peer.url}")
        with colour.using(mailer):
            assert colour.send(mailer, MESSAGE).provider_id == "m1"
    assert server.grants == ["authorization_code", "refresh_token"]


def test_a_code_on_another_device_logs_in_and_mail_goes_out(run, store, colour):
    server = AuthorisationServer(pending=2)
    with HttpPeer(server.script(lambda request: answer(202))) as peer:
        result = run("auth", "login", "outlook", *ANN, *places(peer, store))
        assert result.code == 0, result.err
        assert result.err == "Open https://login.example.com/device and type the code ABCD-EFGH. Waiting …\n"
        assert result.out.splitlines()[1].startswith("Use it by msgraph://ann%40example.com@default?")
        mailer = Mailer(f"msgraph://ann%40example.com@default?token_store={store}&base_url={peer.url}")
        with colour.using(mailer):
            assert colour.send(mailer, MESSAGE).complete
    assert server.grants == ["device_code"] * 3
    assert "client_secret" not in server.forms[0]


def test_outlook_logs_in_by_a_browser_too(run, store, browser):
    server = AuthorisationServer()
    with HttpPeer(server.script()) as peer:
        assert run("auth", "login", "outlook", "--no-device", *places(peer, store)).code == 0
    assert server.grants == ["authorization_code"]
    assert FileTokenStore(store).load("outlook:me").refresh is not None


def test_zoho_logs_in_for_its_data_centre(run, store, browser):
    server = AuthorisationServer()
    with HttpPeer(server.script()) as peer:
        result = run("auth", "login", "zoho", "--region", "eu", *ANN, *places(peer, store), *SECRET, "--json")
    assert (result.json["ok"], result.json["account"]) == (True, "zoho:ann@example.com")
    assert result.json["dsn"] == f"zoho://ann%40example.com@default?region=eu&token_store={store}"
    assert server.authorized[0]["scope"] == "ZohoMail.messages.CREATE,ZohoMail.accounts.READ"


def test_a_login_for_smtp_is_another_login(run, store, browser):
    server = AuthorisationServer()
    with HttpPeer(server.script()) as peer:
        result = run("auth", "login", "gmail", "--smtp", *ANN, *places(peer, store), *SECRET)
    assert (
        result.out.splitlines()[1] == f"Use it by gmail+smtp://ann%40example.com@default?oauth=true&token_store={store}"
    )
    assert server.authorized[0]["scope"] == "https://mail.google.com/"
    assert FileTokenStore(store).accounts() == ["gmail+smtp:ann@example.com"]


def test_without_a_browser_the_address_is_printed_and_waited_for(store):
    server = AuthorisationServer()
    with HttpPeer(server.script()) as peer:
        arguments = ["auth", "login", "gmail", "--no-browser", *places(peer, store), *SECRET]
        with subprocess.Popen(
            [sys.executable, "-m", "mailbridge", *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as program:
            url = program.stderr.readline().removeprefix("Log in at ").strip()
            assert program.stderr.readline().startswith("Waiting on http://127.0.0.1:")
            assert "You are logged in." in httpx.get(url, follow_redirects=True).text
            out, _ = program.communicate()
    assert program.returncode == 0
    assert out.startswith("Logged in; ")
    assert CLIENT["client_secret"] not in url


def test_what_is_missing_is_asked_for_and_the_secret_is_not_shown(run, store, browser):
    server = AuthorisationServer()
    with HttpPeer(server.script()) as peer:
        options = [each for each in places(peer, store) if each not in ("--client-id", CLIENT["client_id"])]
        result = run("auth", "login", "gmail", *options, input=f"{CLIENT['client_id']}\n{CLIENT['client_secret']}\n")
    assert result.code == 0
    assert CLIENT["client_secret"] not in result.out + result.err


def test_the_file_of_googles_console_has_both(run, store, browser, nowhere):
    file = nowhere / "client.json"
    file.write_text(json.dumps({"installed": CLIENT}))
    server = AuthorisationServer()
    with HttpPeer(server.script()) as peer:
        options = [each for each in places(peer, store) if each not in ("--client-id", CLIENT["client_id"])]
        assert run("auth", "login", "gmail", *options, "--client-file", file).code == 0
    assert server.forms[0]["client_secret"] == CLIENT["client_secret"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"installed": {}}', '{"installed": 1}'])
def test_another_file_is_an_error(run, nowhere, content):
    file = nowhere / "client.json"
    file.write_text(content)
    result = run("auth", "login", "gmail", "--client-file", file)
    assert result.code == 3
    assert "is not the file of a client" in result.err


def test_a_login_that_is_refused_in_the_browser_is_an_error(run, store, browser):
    with HttpPeer(AuthorisationServer(deny="access_denied").script()) as peer:
        result = run("auth", "login", "gmail", *places(peer, store), *SECRET)
    assert result.code == 3
    assert "Google did not permit it: access_denied" in result.err
    assert FileTokenStore(store).accounts() == []


def test_a_wrong_secret_is_an_error_that_does_not_show_it(run, store, browser):
    with HttpPeer(AuthorisationServer().script()) as peer:
        result = run("auth", "login", "gmail", *places(peer, store), "--client-secret", "wrong-canary", "--json")
    assert (result.code, result.json["error"]["type"]) == (3, "AuthFailed")
    assert "wrong-canary" not in result.out + result.err


def test_nobody_who_comes_is_an_error(run, store, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    with HttpPeer() as peer:
        result = run("auth", "login", "gmail", *places(peer, store), *SECRET, "--timeout", "1")
    assert result.code == 3
    assert "Nobody has logged in within 1 s." in result.err


def test_a_request_about_something_else_changes_nothing(run, store, monkeypatch):
    statuses = []

    def visit(url):
        here = httpx.URL(url).params["redirect_uri"]
        for path in ("/favicon.ico", "/?code=evil&state=guessed", "/?code=evil"):
            statuses.append(httpx.get(here + path).status_code)
        httpx.get(url, follow_redirects=True)

    visits = []

    def opened(url):
        visits.append(threading.Thread(target=visit, args=(url,)))
        visits[-1].start()

    monkeypatch.setattr(webbrowser, "open", opened)
    server = AuthorisationServer()
    with HttpPeer(server.script()) as peer:
        assert run("auth", "login", "gmail", *places(peer, store), *SECRET).code == 0
    visits[0].join()
    assert statuses == [404, 404, 404]
    assert [form["code"] for form in server.forms] == ["code-1"]


def test_a_connection_that_breaks_changes_nothing(run, store, monkeypatch):
    def visit(url):
        here = httpx.URL(httpx.URL(url).params["redirect_uri"])
        for octets in (b"", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x00\r\n\r\n"):
            with socket.create_connection((here.host, here.port)) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close by RST
                sock.sendall(octets)
        httpx.get(url, follow_redirects=True)

    visits = []

    def opened(url):
        visits.append(threading.Thread(target=visit, args=(url,)))
        visits[-1].start()

    monkeypatch.setattr(webbrowser, "open", opened)
    with HttpPeer(AuthorisationServer().script()) as peer:
        result = run("auth", "login", "gmail", *places(peer, store), *SECRET)
    visits[0].join()
    assert result.code == 0
    assert len(result.err.splitlines()) == 2


def test_a_port_that_is_taken_is_an_error(run, store):
    with socket.socket() as taken, HttpPeer() as peer:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("auth", "login", "gmail", *places(peer, store), *SECRET, "--port", port)
    assert result.code == 3
    assert f"Port {port} of 127.0.0.1 cannot be listened on" in result.err


def test_zoho_takes_no_tokens_over_smtp(run):
    result = run("auth", "login", "zoho", "--smtp", "--client-id", "x", *SECRET)
    assert result.code == 2
    assert "zoho+smtp:// wants a password" in result.err
