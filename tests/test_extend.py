"""The plugin author's door has every name it promises, and loads only what is asked for."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from mailbridge import extend


@pytest.mark.parametrize("name", extend.__all__)
def test_each_name_can_be_imported(name: str) -> None:
    assert getattr(extend, name) is not None


def test_the_names_are_sorted_and_the_same_for_type_checkers() -> None:
    tree = ast.parse(Path(extend.__file__).read_text("utf-8"))
    (typed,) = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in typed.body if isinstance(node, ast.ImportFrom) and node.module != "typing"]
    names = [alias.asname or alias.name for node in imports for alias in node.names]
    assert sorted(names) == sorted(extend.__all__)
    assert len(set(extend.__all__)) == len(extend.__all__)
    kinds = [0 if name.isupper() else 1 if name[0].isupper() else 2 for name in extend.__all__]
    assert extend.__all__ == [name for _, name in sorted(zip(kinds, extend.__all__, strict=True))]


def test_a_name_it_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        extend.Nonsense  # noqa: B018


def test_a_record_costs_no_more_than_a_record() -> None:
    heavy = {"pydantic", "pluggy", "httpx", "asyncio", "socket", "ssl", "email", "importlib.metadata", "tenacity"}
    code = f"import sys; from mailbridge.extend import Plugin; print(*sorted({heavy!r} & set(sys.modules)))"
    assert not subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
