"""The collector of catalogue ids, on a suite of a few lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.catalogue import collected

SUITE = """
import pytest

@pytest.fixture(params=["sync", "async"])
def colour(request): return request.param

@pytest.mark.catalogue("F1", "F2")
def test_by_marker(colour): ...

@pytest.mark.parametrize("value", [pytest.param(1, id="A1-encoded-word"), pytest.param(2, id="A14"), 3])
def test_by_parameter(value): ...

@pytest.mark.slow
@pytest.mark.catalogue("F3")
class TestSlow:
    def test_it(self): ...

@pytest.mark.skip(reason="does not count")
@pytest.mark.catalogue("F4")
def test_skipped(): ...

def test_of_nothing(): ...
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  catalogue: ids\n  slow: slow\n")
    return tests


def test_ids_are_found_in_markers_and_parameters(suite: Path) -> None:
    (suite / "test_suite.py").write_text(SUITE)
    assert [(row.id, row.colour, row.slow) for row in collected(suite)] == [
        ("F1", "sync", False),
        ("F2", "sync", False),
        ("F1", "async", False),
        ("F2", "async", False),
        ("A1", "", False),
        ("A14", "", False),
        ("F3", "", True),
    ]


def test_a_suite_that_cannot_be_collected_says_why(suite: Path) -> None:
    (suite / "test_broken.py").write_text("import nothing_of_that_name")
    with pytest.raises(AssertionError, match="nothing_of_that_name"):
        collected(suite)
