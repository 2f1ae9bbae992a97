"""`nox` runs the pairs of scripts/test-django, one a session. A stand-in takes nox's place, which need not be here."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOXFILE = ROOT / "noxfile.py"


class Skipped(Exception):
    """What nox raises when a session is skipped."""


class Session:
    """A session that runs nothing: it notes the commands, and knows one interpreter."""

    def __init__(self, *posargs: str) -> None:
        self.posargs = posargs
        self.commands: list[tuple[tuple[str, ...], dict[str, str] | None]] = []

    def run(self, *command: str, env: dict[str, str] | None = None, **_: Any) -> str:
        self.commands.append((command, env))
        return "3.12 /usr/bin/python3.12\n3.10 /usr/bin/python3.10\n"

    def skip(self, why: str) -> None:
        raise Skipped(why)


@pytest.fixture
def noxfile(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    def as_it_is(*_: Any, **__: Any) -> Callable[[Any], Any]:
        return lambda function: function

    nox = ModuleType("nox")
    vars(nox).update(session=as_it_is, parametrize=as_it_is, Session=Session)
    monkeypatch.setitem(sys.modules, "nox", nox)
    return runpy.run_path(str(NOXFILE))


def test_the_pairs_are_those_that_are_supported(noxfile: dict[str, Any]) -> None:
    newer = [f"{python}/{django}" for python in ("3.12", "3.13") for django in ("5.2", "6.0", "6.1")]
    assert noxfile["PAIRS"] == ["3.11/5.2", *newer]


def test_a_session_runs_the_script_for_its_pair_alone(noxfile: dict[str, Any]) -> None:
    session = Session("-k", "backend")
    noxfile["django"](session, "3.12/6.1")
    assert session.commands[1:] == [(("scripts/test-django", "-k", "backend"), {"ONLY": "3.12/6.1"})]
    assert (ROOT / "scripts" / "test-django").exists()


def test_a_pair_whose_python_is_not_here_is_skipped(noxfile: dict[str, Any]) -> None:
    session = Session()
    with pytest.raises(Skipped, match=r"no Python 3\.13 here"):
        noxfile["django"](session, "3.13/6.1")
    assert [command for command, _ in session.commands] == [("scripts/interpreters",)]
