"""Transports that calls name are made once each, and the oldest are forgotten."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from support.members import FakeTransport

from mailbridge.dsn import Dsn
from mailbridge.errors import ConfigError
from mailbridge.plugins.recent import Recent
from mailbridge.secret import Secret


def test_the_same_target_gives_the_same_transport() -> None:
    recent = Recent(lambda target: FakeTransport())
    nested = {"transport": "ratelimit", "rate": "1/s", "transports": [{"transport": "smtp", "password": Secret("x")}]}
    for target in (Secret("smtp://h"), Dsn.parse("smtp://h"), nested):
        assert recent.transport(target) is recent.transport(target)
    assert len(recent) == 3


def test_mappings_are_compared_by_what_they_say() -> None:
    recent = Recent(lambda target: FakeTransport())
    one = recent.transport({"transport": "smtp", "host": "a", "auth": ["PLAIN"]})
    assert recent.transport({"auth": ["PLAIN"], "host": "a", "transport": "smtp"}) is one
    assert recent.transport({"transport": "smtp", "host": "b", "auth": ["PLAIN"]}) is not one


def test_the_one_least_recently_used_is_forgotten() -> None:
    made: list[str] = []

    def build(target: str) -> FakeTransport:
        made.append(target)
        return FakeTransport(target)

    recent = Recent(build, limit=2)
    for target in "abacab":
        recent.transport(target)
    assert made == ["a", "b", "c", "b"]
    assert len(recent) == 2


def test_what_cannot_be_made_is_not_kept() -> None:
    def refuse(target: Any) -> FakeTransport:
        raise ConfigError("no")

    recent = Recent(refuse)
    with pytest.raises(ConfigError):
        recent.transport("x")
    assert len(recent) == 0


def test_threads_that_name_the_same_get_the_same() -> None:
    together = threading.Barrier(8)
    recent = Recent(lambda target: FakeTransport())
    found: list[Any] = []

    def ask() -> None:
        together.wait()
        found.append(recent.transport("x"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1
