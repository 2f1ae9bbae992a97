"""The command line, run in the process of the test: no settings but those the test makes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from mailbridge.cli import group


class Result(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What was printed, read as one JSON document."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[Any]:
        """What was printed, read as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


def runner() -> CliRunner:
    """Make a runner that keeps the two streams apart, which click did only on demand before 8.2."""
    try:
        return CliRunner(mix_stderr=False)  # type: ignore[call-arg,unused-ignore]
    except TypeError:
        return CliRunner()


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder without any setting in the environment."""
    for name in [name for name in os.environ if name.startswith("MAILBRIDGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run a command: `run("test-send", "ann@example.org", input=…)`."""

    def run(*arguments: object, input: str | bytes | None = None) -> Result:
        result = runner().invoke(group, [str(each) for each in arguments], input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Result(result.exit_code, result.stdout, result.stderr)

    return run
