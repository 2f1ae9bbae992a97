"""Which ids of the catalogues of faults, attacks and weaknesses the collected tests cover, and how.

As a pytest plugin (`-p support.catalogue`) it writes one JSON row for each test that names an id to the
file in the environment variable `MAILBRIDGE_COVERAGE_OF_CATALOGUE`. A test names an id by the marker
`catalogue`, or by a part of its parameter id: `pytest.param(…, id="A1-encoded-word")`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

TARGET = "MAILBRIDGE_COVERAGE_OF_CATALOGUE"
ID = re.compile(r"[AFHLW][1-9][0-9]?")
COLOURS = ("sync", "async")


class Row(NamedTuple):
    """One test and one id it covers; `colour` is empty for a test that has none."""

    id: str
    test: str
    colour: str
    slow: bool


def collected(tests: Path) -> list[Row]:
    """Collect the whole suite in a process of its own and return what it covers."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "rows.json")
        command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider"]
        finished = subprocess.run(
            [*command, "-p", "pytest_timeout", "-p", "support.catalogue", str(tests)],
            cwd=tests.parent,
            env=os.environ
            | {
                "PYTHONPATH": str(Path(__file__).parent.parent),
                "PYTEST_ADDOPTS": "",
                # Loading what only running needs would take longer than collecting does.
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                TARGET: str(target),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if finished.returncode or not target.exists():
            raise AssertionError(f"the suite cannot be collected:\n{finished.stdout[-3000:]}{finished.stderr[-2000:]}")
        return [Row(*row) for row in json.loads(target.read_text())]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the rows, when asked to."""
    if target := os.environ.get(TARGET):
        Path(target).write_text(json.dumps([row for item in session.items for row in _rows(item)]))


def _rows(item: pytest.Item) -> list[Row]:
    if item.get_closest_marker("skip"):
        return []
    words = item.callspec.id.split("-") if hasattr(item, "callspec") else []
    named = [str(id) for marker in item.iter_markers("catalogue") for id in marker.args]
    named += [word for word in words if ID.fullmatch(word)]
    colour = next((word for word in words if word in COLOURS), "")
    slow = item.get_closest_marker("slow") is not None
    return [Row(id, item.nodeid, colour, slow) for id in dict.fromkeys(named)]
