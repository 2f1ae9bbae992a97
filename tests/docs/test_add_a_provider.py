"""The page on adding a provider shows the example as it is."""

from pathlib import Path

import pytest
from support.markdown import blocks

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/howto/add-a-provider.md"
EXAMPLE = ROOT / "examples/plugin_acme"
SHOWN = {block.file: block.text for block in blocks(PAGE, PAGE.read_text(encoding="utf-8")) if block.file}


def test_the_page_shows_every_module_the_contract_and_the_stand_in():
    modules = {str(path.relative_to(EXAMPLE)) for path in EXAMPLE.glob("acme_mail/*.py")}
    assert modules | {"test_contract.py", "test_stand_in.py"} == SHOWN.keys()


@pytest.mark.parametrize("name", SHOWN)
def test_a_file_on_the_page_is_the_one_of_the_example(name):
    file = EXAMPLE / ("tests" if name.startswith("test_") else "") / name
    assert SHOWN[name] == file.read_text(encoding="utf-8")


def test_the_entry_point_on_the_page_is_the_one_of_the_example():
    line = 'acme = "acme_mail:plugin"\n'
    assert line in PAGE.read_text(encoding="utf-8")
    assert line in (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")
