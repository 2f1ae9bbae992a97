"""Fixtures every test may use: peers, certificates, dead addresses, both colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support import addresses
from support.certificates import Certificates
from support.certificates import certificates as issue_certificates
from support.colour import Async, Colour, Sync
from support.peer import Peer


@pytest.fixture(params=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Iterator[Colour]:
    """Run the test once with the blocking methods and once with the asynchronous ones."""
    chosen: Colour = Sync() if request.param == "sync" else Async()
    yield chosen
    chosen.end()


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    """Give the files of a throw-away authority, and servers' certificates good and bad."""
    return issue_certificates()


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    """Start scripted peers, `peer(on={...}, tls="starttls")`; they end with the test, violations fail it."""
    started: list[Peer] = []

    def start(*arguments: Any, **options: Any) -> Peer:
        started.append(Peer(*arguments, **options).start())
        return started[-1]

    yield start
    for one in started:
        one.stop()
    for one in started:
        one.check()


@pytest.fixture
def closed_port() -> Iterator[addresses.Address]:
    """Give an address that refuses connections."""
    with addresses.refusing() as address:
        yield address


@pytest.fixture
def blackhole() -> Iterator[addresses.Address]:
    """Give an address that never answers a SYN."""
    with addresses.silent() as address:
        yield address
