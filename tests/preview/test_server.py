"""The server itself, over sockets of this machine."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from mailbridge.errors import ConfigError
from mailbridge.preview import Catalogue
from mailbridge.preview.server import Server

PATIENCE = 20.0  # seconds


@pytest.fixture
def server(catalogue: Catalogue) -> Iterator[Server]:
    with Server(catalogue, port=0) as running:
        yield running


@contextmanager
def listening_to(server: Server, since: str) -> Iterator[Iterator[str]]:
    with (
        httpx.Client(base_url=server.url, timeout=PATIENCE) as client,
        client.stream("GET", "/changes", params={"since": since}) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield answer.iter_lines()


def stamp(server: Server) -> str:
    text = httpx.get(f"{server.url}template/welcome", timeout=PATIENCE).text
    return text.partition('data-stamp="')[2].partition('"')[0]


def test_it_answers(server: Server) -> None:
    answer = httpx.get(f"{server.url}template/welcome", timeout=PATIENCE)
    assert "Welcome, Ann" in answer.text
    assert "server" not in answer.headers


def test_a_page_is_told_when_a_file_changes(server: Server, folder: Path) -> None:
    with listening_to(server, stamp(server)) as lines:
        assert next(lines) == "retry: 1000"
        (folder / "welcome.txt").write_text("Changed")
        assert "event: changed" in lines


def test_what_changed_before_a_page_listened_is_told_at_once(server: Server, folder: Path) -> None:
    before = stamp(server)
    (folder / "welcome.sample.toml").write_text("")
    with listening_to(server, before) as lines:
        assert "event: changed" in lines


def test_pages_that_listen_do_not_keep_it_from_ending(catalogue: Catalogue) -> None:
    server = Server(catalogue, port=0)
    with server, listening_to(server, stamp(server)) as lines:
        next(lines)
        server.stop()
        assert list(lines) == [""]  # no event: the stream is at its end
    assert not [thread for thread in threading.enumerate() if thread.name == "mailbridge preview"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_pages_that_went_away_are_forgotten(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailbridge.preview.website.LISTENERS", 1)
    since = stamp(server)
    with listening_to(server, since) as lines:
        next(lines)
        assert httpx.get(f"{server.url}changes", params={"since": since}, timeout=PATIENCE).status_code == 503
    for _ in range(1000):  # the server notices within a look or two
        with httpx.stream("GET", f"{server.url}changes", params={"since": "another"}, timeout=PATIENCE) as answer:
            if answer.status_code == 200:
                break
    assert answer.status_code == 200


def test_a_port_in_use_is_an_error_that_names_a_free_one(server: Server, catalogue: Catalogue) -> None:
    port = int(server.url.rpartition(":")[2].strip("/"))
    with pytest.raises(ConfigError) as error:
        Server(catalogue, port=port)
    assert f"cannot listen on 127.0.0.1, port {port}: Address already in use." in error.value.text
    (hint,) = error.value.hints
    free = int("".join(filter(str.isdigit, hint)))
    with Server(catalogue, port=free) as other:
        assert httpx.get(other.url, timeout=PATIENCE).status_code == 200


def test_an_address_that_is_not_ours_is_an_error(catalogue: Catalogue) -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1, port 8026"):
        Server(catalogue, "192.0.2.1")


def test_a_host_that_cannot_be_found_is_an_error(catalogue: Catalogue) -> None:
    with pytest.raises(ConfigError) as error:
        Server(catalogue, "no such host")
    assert "cannot listen on no such host, port 8026: " in error.value.text
    assert "Unknown error" not in error.value.text
    assert error.value.hints == ("Choose another address or port; port 0 takes a free one.",)


def test_another_address_than_loopback_is_warned_of(catalogue: Catalogue, caplog: pytest.LogCaptureFixture) -> None:
    with Server(catalogue, "0.0.0.0", 0, names=["dev.example"]) as server:
        assert server.url.startswith("http://127.0.0.1:")
        (record,) = caplog.records
        assert (record.levelno, record.name) == (logging.WARNING, "mailbridge.preview")
        assert "everybody who reaches this machine" in record.getMessage()
        answers = [
            httpx.get(server.url, headers={"Host": host}, timeout=PATIENCE).status_code
            for host in ("192.168.0.7", "dev.example", socket.gethostname(), "evil.example")
        ]
    assert answers == [200, 200, 200, 421]


def test_loopback_is_not_warned_of(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    assert caplog.records == []


def test_version_6_of_the_protocol(catalogue: Catalogue) -> None:
    if not socket.has_ipv6:
        pytest.skip("this Python has no IPv6")
    try:
        server = Server(catalogue, "::1", 0)
    except ConfigError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    with server:
        assert server.url.startswith("http://[::1]:")
        assert httpx.get(server.url, timeout=PATIENCE).status_code == 200
