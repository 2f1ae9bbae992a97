"""Every fault and attack of the catalogues has a test, in both colours where both exist.

The ids stand here because a checkout has no `../shared`; where it is at hand, the two are compared.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.catalogue import COLOURS, Row, collected

pytestmark = pytest.mark.timeout(150)  # the whole suite is collected

pytestmark = pytest.mark.timeout(150)  # the whole suite is collected, which takes its time on a busy machine

TESTS = Path(__file__).parent
FACTS = TESTS.parent.parent / "shared" / "facts"

FAULTS = [f"F{number}" for number in range(1, 45)]
HTTP = [f"H{number}" for number in range(1, 34) if number != 26]
"""Without H26: it is about HTTP/2, which is not spoken (docs/adr/0016); a test in faults/test_http.py says so."""
ATTACKS = [f"A{number}" for number in [*range(1, 20), 30, 34, 39, 40]]
REQUIRED = [*FAULTS, *HTTP, *ATTACKS]
KNOWN = {*FAULTS, *(f"A{n}" for n in range(1, 43)), *(f"H{n}" for n in range(1, 34)), *(f"L{n}" for n in range(1, 25)),
         *(f"W{n}" for n in range(1, 29))}  # fmt: skip

ONE_COLOUR: dict[str, str] = {}
"""Faults that exist in one colour only, each with the reason."""

SLOW_ONLY: dict[str, str] = {}
"""Ids that only slow tests can prove, each with the reason."""


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in collected(TESTS):
        found.setdefault(row.id, []).append(row)
    return found


def test_every_id_has_a_test(rows: dict[str, list[Row]]) -> None:
    assert [name for name in REQUIRED if name not in rows] == []


def test_no_id_rests_on_slow_tests_alone(rows: dict[str, list[Row]]) -> None:
    slow = {name for name in REQUIRED if name in rows and all(row.slow for row in rows[name])}
    assert slow == SLOW_ONLY.keys()


def test_every_id_runs_in_both_colours_where_both_exist(rows: dict[str, list[Row]]) -> None:
    colours = {name: {row.colour for row in rows[name]} - {""} for name in REQUIRED if name in rows}
    coloured = {name: seen for name, seen in colours.items() if seen or name in FAULTS}
    assert {name for name, seen in coloured.items() if seen != set(COLOURS)} == ONE_COLOUR.keys()


def test_no_test_claims_an_id_that_does_not_exist(rows: dict[str, list[Row]]) -> None:
    assert {name: rows[name] for name in rows.keys() - KNOWN} == {}


@pytest.mark.skipif(not FACTS.exists(), reason="the catalogues are not beside this checkout")
@pytest.mark.parametrize(
    ("file", "letter", "count"), [("faults.md", "F", 44), ("faults.md", "H", 33), ("attacks.md", "A", 42)]
)
def test_the_ids_are_those_of_the_catalogue(file: str, letter: str, count: int) -> None:
    written = re.findall(rf"(?m)^\| ({letter}\d+) \|", (FACTS / file).read_text())
    assert written == [f"{letter}{number}" for number in range(1, count + 1)]
