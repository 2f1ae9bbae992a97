"""Which server to talk to, and how."""

from __future__ import annotations

from typing import Any

import pytest

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import AuthFailed, ConfigError
from mailbridge.flow.operations import Await
from mailbridge.secret import Secret
from mailbridge.smtp.server import Server


def server(host: str = "mail.test", port: int = 587, **options: Any) -> Server:
    return Server(host, port, nonce=lambda: "n0nce", **options)


@pytest.mark.parametrize(
    ("host", "port", "tls", "mode"),
    [
        ("mail.test", 587, "auto", "starttls"),
        ("mail.test", 25, "auto", "starttls"),
        ("mail.test", 465, "auto", "implicit"),
        ("localhost", 465, "auto", "implicit"),
        ("localhost", 25, "auto", "off"),
        ("127.0.0.1", 1025, "auto", "off"),
        ("127.9.9.9", 1025, "auto", "off"),
        ("::1", 1025, "auto", "off"),
        ("/run/lmtp", 0, "auto", "off"),
        ("127.evil.test", 587, "auto", "starttls"),
        ("10.0.0.1", 25, "auto", "starttls"),
        ("localhost", 25, "starttls", "starttls"),
        ("mail.test", 587, "off", "off"),
    ],
)
def test_encryption_is_left_out_on_this_machine_only(host: str, port: int, tls: Any, mode: str) -> None:
    assert server(host, port, tls=tls).tls_mode == mode


@pytest.mark.parametrize(
    ("host", "port", "shown"),
    [("mail.test", 25, "mail.test:25"), ("::1", 25, "[::1]:25"), ("/run/lmtp", 0, "/run/lmtp")],
)
def test_an_address_reads_as_people_write_it(host: str, port: int, shown: str) -> None:
    assert server(host, port).address == shown


@pytest.mark.parametrize(
    "changed",
    [
        {"port": 25}, {"user": "bob"}, {"password": Secret("other")}, {"token": lambda refresh: "t"},
        {"tls": "implicit"},
        {"tls_verify": False}, {"ca_file": "/ca.pem"}, {"lmtp": True}, {"auth": ("PLAIN",)}, {"source_address": "::1"},
        {"local_hostname": "me.test"}, {"tls_host": "other.test"}, {"client_cert": "/me.pem"},
    ],
)  # fmt: skip
def test_connections_are_shared_only_where_everything_is_the_same(changed: dict[str, Any]) -> None:
    same = {"user": "ann", "password": Secret("s3cret")}
    assert server(**same).key == server(**same).key
    assert hash(server(**same).key) == hash(server(**same).key)
    assert server(**same).key != server(**(same | changed)).key


@pytest.mark.catalogue("A9", "A10")
@pytest.mark.parametrize("setting", ["host", "local_hostname", "tls_host"])
@pytest.mark.parametrize("value", ["me\r\nNOOP", "me\nNOOP", "me\rNOOP", "a b", "a\0b", "a\x85b", "a\u2028b", "a\tb"])
def test_a_name_cannot_end_a_protocol_line(setting: str, value: str) -> None:
    with pytest.raises(ConfigError, match=setting) as caught:
        server(**{setting: value})
    assert caught.value.text.isprintable()


@pytest.mark.catalogue("A9")
def test_our_own_name_is_ascii() -> None:
    with pytest.raises(ConfigError, match="local_hostname"):
        server(local_hostname="müller.example")


def asked(source: Any, **options: Any) -> Any:
    return ScriptedDriver({Await: lambda op: resolved(op.awaitable)}).run(
        server(user="ann", token=source).credentials(**options)
    )


def resolved(awaitable: Any) -> Any:
    steps = awaitable.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


def test_a_token_source_is_told_when_to_refresh() -> None:
    calls = []

    def source(*, refresh: bool) -> str:
        calls.append(refresh)
        return "t0ken"

    assert asked(source).token == Secret("t0ken")
    assert asked(source, refresh=True).token == Secret("t0ken")
    assert calls == [False, True]


def test_a_token_source_may_be_asynchronous() -> None:
    async def source(*, refresh: bool) -> str:
        return "t0ken"

    assert asked(source).token == Secret("t0ken")


@pytest.mark.parametrize("given", ["", None, 7, "two\r\nlines", "a\1b", "tokén", b"bytes"])
def test_what_is_no_token_is_refused(given: Any) -> None:
    with pytest.raises(AuthFailed, match="gave no token"):
        asked(lambda refresh: given)


def test_a_token_source_that_fails_is_a_failed_login() -> None:
    def source(*, refresh: bool) -> str:
        raise KeyError("vault")

    with pytest.raises(AuthFailed, match="KeyError: 'vault'"):
        asked(source)
