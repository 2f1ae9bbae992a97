"""Names: other hosts', and our own."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest
from support.addresses import resolver

from mailbridge.drivers import names
from mailbridge.drivers.names import is_literal, name_error, own_name, resolve, resolve_within
from mailbridge.errors import ConfigError, ConnectFailed, TimedOut


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "fe80::1%eth0", "2001:db8::1"])
def test_a_literal_address_is_known_as_one(host: str) -> None:
    assert is_literal(host)


@pytest.mark.parametrize("host", ["localhost", "mail.example.com", "127.0.0.1.example.com", "1.2.3", "", "[::1]"])
def test_a_name_is_no_address(host: str) -> None:
    assert not is_literal(host)


def test_the_system_resolver_knows_this_machine() -> None:
    assert (socket.AF_INET, ("127.0.0.1", 25)) in resolve("localhost", 25)


@pytest.mark.catalogue("F3")
@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_NODATA])
def test_a_name_that_does_not_exist_is_a_setting_to_correct(code: int) -> None:
    with pytest.raises(ConfigError, match=r"no host named gone\.test"):
        resolve_within(resolver({"gone.test": code}), "gone.test", 25, 1.0)


@pytest.mark.catalogue("F4")
@pytest.mark.parametrize("code", [socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM])
def test_a_resolver_that_cannot_say_is_asked_later(code: int) -> None:
    with pytest.raises(ConnectFailed, match="cannot be resolved now"):
        resolve_within(resolver({"mail.test": code}), "mail.test", 25, 1.0)


@pytest.mark.catalogue("F4")
def test_a_silent_resolver_is_not_waited_for() -> None:
    hang = threading.Event()
    begun = time.monotonic()
    with pytest.raises(TimedOut, match=r"not resolved within 0\.1 s"):
        resolve_within(lambda host, port: [] * hang.wait(5), "mail.test", 25, 0.1)
    hang.set()
    assert time.monotonic() - begun < 1


def test_a_fault_in_a_resolver_is_not_hidden() -> None:
    def broken(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        resolve_within(broken, "mail.test", 25, 1.0)


def test_any_other_error_of_the_system_is_one_for_now() -> None:
    assert isinstance(name_error(OSError(5, "Input/output error"), "mail.test"), ConnectFailed)


@pytest.fixture(params=["", "host.example"])
def host_name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(names, "host_name", lambda: request.param)
    return str(request.param)


@pytest.mark.parametrize(
    ("local", "name"),
    [
        (("192.0.2.1", 4711), "[192.0.2.1]"),
        (("2001:db8::1", 4711, 0, 0), "[IPv6:2001:db8::1]"),
        (("fe80::1%eth0", 4711, 0, 2), "[IPv6:fe80::1]"),
        ("", "localhost"),
        ("/run/socket", "localhost"),
        (b"\0abstract", "localhost"),
        (None, "localhost"),
        ((), "localhost"),
    ],
)
def test_our_name_is_the_full_one_or_the_address(host_name: str, local: Any, name: str) -> None:
    assert own_name(local) == (host_name or name)


@pytest.mark.catalogue("A9")
@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ("mail.example.com", "mail.example.com"),
        ("MAIL-1.example.com", "MAIL-1.example.com"),
        ("laptop", ""),
        ("laptop.local", ""),
        ("my_host.example.com", ""),
        ("müller.example.com", ""),
        ("evil.example\r\nNOOP", ""),
        ("evil .example", ""),
        ("-x.example.com", ""),
        ("a..example.com", ""),
        ("x" * 300 + ".example.com", ""),
    ],
)
def test_a_machine_may_be_called_anything_but_not_in_ehlo(
    monkeypatch: pytest.MonkeyPatch, machine: str, said: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: machine)
    names.host_name.cache_clear()
    assert names.host_name() == said
    names.host_name.cache_clear()
