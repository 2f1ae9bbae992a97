"""The examples in the test kit's docstrings run."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import mailbridge.testing

ROOT = Path(mailbridge.testing.__file__).parents[1]


def with_examples() -> Iterator[str]:
    """Yield the modules that have examples, by their names."""
    for file in sorted((ROOT / "testing").rglob("*.py")):
        if ">>> " in file.read_text(encoding="utf-8"):
            yield ".".join(("mailbridge", *file.relative_to(ROOT).with_suffix("").parts))


@pytest.mark.parametrize("name", list(with_examples()))
def test_the_examples_of_a_module_run(name: str) -> None:
    outcome = doctest.testmod(import_module(name))
    assert outcome.attempted
    assert not outcome.failed
