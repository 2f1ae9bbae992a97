"""Real servers, emulators and a browser. All tests of this folder are slow; what cannot be had is skipped, aloud."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from support.chromium import Chromium
from support.emulators import Emulator
from support.packages import Unavailable
from support.real_peers import Exim, Postfix, RealPeer, SmtpSink
from support.resend_emulator import ResendLocal
from support.ses_emulators import Moto, SesLocal

HERE = Path(__file__).parent
_missing: set[str] = set()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here slow, and leave time for the first download."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(300))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what was not tried."""
    for reason in sorted(_missing):
        terminalreporter.line(f"NOT TRIED: {reason}", yellow=True, bold=True)


Peer = TypeVar("Peer", RealPeer, Emulator, Chromium)


@contextlib.contextmanager
def started(make: Callable[[], Peer]) -> Iterator[Peer]:
    """Start a server, or skip; in CI, where it has to be there, fail."""
    try:
        peer = make()
        peer.__enter__()
    except Unavailable as reason:
        _missing.add(str(reason))
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(reason))
    try:
        yield peer
    finally:
        peer.__exit__()


@pytest.fixture(scope="session")
def postfix() -> Iterator[RealPeer]:
    """Run one Postfix for all tests."""
    with started(Postfix) as peer:
        yield peer


@pytest.fixture(scope="session")
def exim() -> Iterator[RealPeer]:
    """Run one Exim for all tests."""
    with started(Exim) as peer:
        yield peer


@pytest.fixture(scope="session")
def moto() -> Iterator[Emulator]:
    """Run one moto for all tests."""
    with started(Moto) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def ses_local() -> Iterator[Emulator]:
    """Run one aws-ses-v2-local for all tests."""
    with started(SesLocal) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def resend_local() -> Iterator[Emulator]:
    """Run one resend-local for all tests."""
    with started(ResendLocal) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """Run one browser for all tests."""
    with started(Chromium) as browser:
        yield browser


@pytest.fixture
def smtp_sink() -> Iterator[Callable[..., RealPeer]]:
    """Start smtp-sinks, `smtp_sink("-q", ".")`; they end with the test."""
    with contextlib.ExitStack() as running:
        yield lambda *flags: running.enter_context(started(lambda: SmtpSink(*flags)))
