"""The plugin of pytest: the fixtures, and a run that fails when mail leaves which is in nobody's mailbox.

pytest loads it at every start wherever mailbridge is installed, so it imports nothing of mailbridge but what
holds the rules; the rest comes with the first test that takes a fixture.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from mailbridge.testing.fixtures import provider_stub, smtp_sink, smtp_sink_factory

if TYPE_CHECKING:
    from mailbridge.testing.mailbox import Mailbox

__all__ = ["mailbox", "provider_stub", "smtp_sink", "smtp_sink_factory"]

_INI = "mailbridge_unowned"
_SECTION = "mail in nobody's mailbox"
_TOLD = 10
"""Refusals that are told word by word."""


@pytest.fixture
def mailbox(request: pytest.FixtureRequest) -> Iterator[Mailbox]:
    """Catch the mails of this test: a `mailbridge.testing.Mailbox`, closed when the test is over."""
    from mailbridge.testing.mailbox import Mailbox

    with Mailbox(request.node.nodeid) as mailbox:
        yield mailbox


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting."""
    parser.addini(_INI, "mail that leaves while no mailbox owns it: fail (default) or allow", default="fail")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch, unless the setting says otherwise."""
    config.addinivalue_line("markers", f'{_INI}("allow"): mail of this test may leave although no mailbox owns it')
    wanted = config.getini(_INI)
    if wanted not in ("fail", "allow"):
        raise pytest.UsageError(f"{_INI} is fail or allow, not {wanted!r}")
    if wanted == "fail":
        config.pluginmanager.register(Unowned(), "mailbridge-unowned")


class Unowned:
    """Has mail refused that is nobody's, and fails the run for it, be it that the application keeps silent."""

    def __init__(self) -> None:
        from mailbridge.testing.interception import watched

        self._standing = ExitStack()
        self._watch = self._standing.enter_context(watched())
        self._elsewhere: list[str] = []  # in the workers of pytest-xdist

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Know which test runs."""
        marker = item.get_closest_marker(_INI)
        if marker is not None and marker.args not in (("allow",), ("fail",)):
            raise pytest.UsageError(f'{item.nodeid}: the marker is {_INI}("allow") or {_INI}("fail")')
        self._watch.running = item.nodeid
        self._watch.lenient = marker is not None and marker.args == ("allow",)
        try:
            return (yield)
        finally:
            self._watch.running = ""
            self._watch.lenient = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, Any, Any]:
        """Fail a set-up that sent what is nobody's."""
        return (yield from self._phase())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, Any, Any]:
        """Fail a test that sent what is nobody's."""
        return (yield from self._phase())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, Any, Any]:
        """Fail a tear-down that sent what is nobody's."""
        return (yield from self._phase())

    def _phase(self) -> Generator[None, Any, Any]:
        before = len(self._watch.refused)
        result = yield  # what fails by itself needs no help
        if refused := self._watch.refused[before:]:
            pytest.fail("\n".join(_told(refused)), pytrace=False)
        return result

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker of pytest-xdist has refused."""
        self._elsewhere += getattr(node, "workeroutput", {}).get(_INI, ())

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run for everything that was refused: also between tests, and where a failure was expected."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_INI] = list(self._watch.refused)
        if self._refused and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was refused."""
        if self._refused:
            terminalreporter.section(_SECTION, red=True)
            for each in _told(self._refused):
                terminalreporter.line(each)

    def pytest_unconfigure(self) -> None:
        """Watch no more."""
        self._standing.close()

    @property
    def _refused(self) -> list[str]:
        return [*self._watch.refused, *self._elsewhere]


def _told(refused: list[str]) -> list[str]:
    """Return the first refusals, and how many more there are."""
    more = len(refused) - _TOLD
    return refused[:_TOLD] + ([f"… and {more} more."] if more > 0 else [])
