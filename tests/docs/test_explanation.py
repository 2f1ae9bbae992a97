"""What the explanations list is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailbridge import errors
from mailbridge.errors import MailError, Phase, Unsupported, VariableUndefined

ERRORS = (Path(__file__).resolve().parents[2] / "docs/explanation/errors.md").read_text(encoding="utf-8")
KINDS = [getattr(errors, name) for name in errors.__all__ if name != "MailError"]
PERMITS = ("retry", "fail_over", "trips_breaker", "outbox")


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, the line with its titles first."""
    section = ERRORS.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line] for line in lines]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_kinds_are_all_the_errors_in_the_order_of_the_tree() -> None:
    _, *rows = table("The kinds")
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert [code(row[0])[0] for row in rows] == drawn
    assert sorted(drawn) == sorted(kind.__name__ for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_kind_permits_what_its_row_says(kind: type[MailError]) -> None:
    title, *rows = table("The kinds")
    assert tuple(code(cell)[0] for cell in title[2:]) == PERMITS
    (row,) = [row for row in rows if code(row[0]) == [kind.__name__]]
    assert row[1]
    assert [code(cell)[0] for cell in row[2:]] == [getattr(kind, name) for name in PERMITS]


def test_every_attribute_of_an_error_is_a_row() -> None:
    _, *rows = table("What an error holds")
    listed = [name for row in rows for name in code(row[0])]
    assert sorted(listed) == sorted({*vars(Unsupported("x")), *vars(VariableUndefined("x"))})
    (phases,) = [code(row[1]) for row in rows if code(row[0]) == ["phase"]]
    assert ["", *sorted(phases)] == sorted(Phase.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_attribute_that_only_some_kinds_have_names_them(kind: type[MailError]) -> None:
    own = vars(kind("x")).keys() - vars(MailError("x")).keys()
    _, *rows = table("What an error holds")
    (row,) = [row for row in rows if "field" in code(row[0])]
    owners = dict(zip(code(row[0]), code(row[1]), strict=True))
    assert own == {name for name, owner in owners.items() if issubclass(kind, getattr(errors, owner))}


def test_the_builtin_errors_that_an_error_also_is_are_named() -> None:
    said = ERRORS.partition("\nAll are `MailError`.")[2].partition("\n## ")[0]
    for kind in KINDS:
        for builtin in [each for each in kind.__bases__ if each.__module__ == "builtins"]:
            assert re.search(rf"`{kind.__name__}`(?: is)? an? `{builtin.__name__}`", " ".join(said.split()))
    assert [kind.__name__ for kind in KINDS if len(kind.__bases__) > 1 and kind is not errors.TlsMisconfigured] == [
        "ConnectFailed", "MessageInvalid", "TemplateBroken", "TemplateMissing", "TimedOut", "VariableUndefined",
    ]  # fmt: skip
