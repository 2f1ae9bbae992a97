"""What is exported is what is promised, and importing it stays light."""

from __future__ import annotations

import builtins
import importlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailbridge
import mailbridge.errors
import mailbridge.extend
from mailbridge.errors import MailError

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

HEAVY = (
    "asyncio",
    "dataclasses",
    "email",
    "httpx",
    "importlib.metadata",
    "inspect",
    "jinja2",
    "pluggy",
    "pydantic",
    "pydantic_settings",
    "rich",
    "socket",
    "ssl",
    "tenacity",
)

HELP = """
import sys
sys.argv = ["mailbridge", "--help"]
from mailbridge.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def python(code: str) -> list[str]:
    """Command that runs `code` without site, whose own imports would hide (or be taken for) ours."""
    paths = [str(ROOT), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return [sys.executable, "-S", "-s", "-P", "-c", f"import sys; sys.path[:0] = {paths!r}\n{code}"]


def modules_after(code: str) -> set[str]:
    report = "import json, sys; print(file=sys.stderr); print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run(python(f"{code}\n{report}"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def among(modules: set[str], unwanted: tuple[str, ...]) -> set[str]:
    """Pick the modules that are unwanted, or inside of an unwanted package."""
    return {name for name in modules if name.startswith(tuple(f"{package}." for package in unwanted))} | (
        modules & set(unwanted)
    )


class TestPublicNames:
    def test_all_is_sorted_and_names_nothing_twice(self) -> None:
        assert list(mailbridge.__all__) == sorted(set(mailbridge.__all__))

    @pytest.mark.parametrize("name", mailbridge.__all__)
    def test_a_public_name_can_be_imported_and_is_listed(self, name: str) -> None:
        assert getattr(mailbridge, name) is not None
        assert name in dir(mailbridge)

    def test_the_door_for_plugins_has_every_name_it_lists(self) -> None:
        assert len(mailbridge.extend.__all__) == len(set(mailbridge.extend.__all__))
        for name in mailbridge.extend.__all__:
            assert getattr(mailbridge.extend, name) is not None, name

    def test_every_error_is_public(self) -> None:
        assert set(mailbridge.errors.__all__) <= set(mailbridge.__all__)

    def test_a_name_that_does_not_exist_is_refused_as_python_refuses_it(self) -> None:
        with pytest.raises(AttributeError, match=r"module 'mailbridge' has no attribute 'Massage'"):
            _ = mailbridge.Massage

    def test_the_version_is_that_of_the_distribution(self) -> None:
        assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+)?", mailbridge.__version__)
        assert importlib.metadata.version("mailbridge") == mailbridge.__version__


def drawn_errors() -> Iterator[tuple[str, str, set[str]]]:
    """Yield name, parent and further bases of each class in the picture that errors.py opens with."""
    path: list[str] = []
    for line in (mailbridge.errors.__doc__ or "").splitlines():
        if drawn := re.fullmatch(r" {4}((?:[│ ] {3})*)(?:[├└]── )?(\w+)(?: \((\w+)\))?(?: {2,}(.*))?", line):
            indent, name, builtin, remark = drawn.groups()
            depth = 0 if name == "MailError" else len(indent) // 4 + 1
            path[depth:] = [name]
            also = re.findall(r"also an? (\w+)", remark or "")
            yield name, path[depth - 1] if depth else "Exception", {*also, *filter(None, [builtin])}


class TestErrorTree:
    def test_the_picture_shows_every_class_and_no_other(self) -> None:
        drawn = [name for name, _, _ in drawn_errors()]
        assert sorted(drawn) == sorted(mailbridge.errors.__all__)
        defined = {
            name
            for name, found in vars(mailbridge.errors).items()
            if isinstance(found, type) and issubclass(found, MailError)
        }
        assert defined == set(drawn)

    @pytest.mark.parametrize(
        ("name", "parent", "further"), list(drawn_errors()), ids=[name for name, _, _ in drawn_errors()]
    )
    def test_a_class_stands_where_it_is_drawn(self, name: str, parent: str, further: set[str]) -> None:
        first, *others = (base.__name__ for base in getattr(mailbridge.errors, name).__bases__)
        assert (first, set(others)) == (parent, further)
        assert {other for other in further if other not in mailbridge.errors.__all__} <= set(dir(builtins))


class TestMetadata:
    def test_the_extra_all_is_the_union_of_the_others(self) -> None:
        extras = dict(PROJECT["optional-dependencies"])
        everything = extras.pop("all")
        assert set(everything) == {requirement for extra in extras.values() for requirement in extra}

    def test_no_requirement_has_an_upper_bound_or_names_the_project_itself(self) -> None:
        requirements = [*PROJECT["dependencies"]]
        for extra in PROJECT["optional-dependencies"].values():
            requirements += extra
        for requirement in requirements:
            assert re.fullmatch(r"[A-Za-z0-9-]+>=[\d.]+", requirement), requirement
            assert not requirement.startswith("mailbridge")

    def test_the_console_script_is_a_function(self) -> None:
        module, _, name = PROJECT["scripts"]["mailbridge"].partition(":")
        assert callable(getattr(importlib.import_module(module), name))

    def test_built_in_transports_need_no_entry_point(self) -> None:
        distribution = importlib.metadata.distribution("mailbridge")
        assert {entry.group for entry in distribution.entry_points} == {"console_scripts", "pytest11"}


class TestWeight:
    @pytest.mark.parametrize("code", ["import mailbridge", "from mailbridge import Mailer, Message"])
    def test_importing_mailbridge_loads_nothing_heavy(self, code: str) -> None:
        assert not among(modules_after(code), HEAVY)

    def test_help_loads_click_and_nothing_else_that_is_heavy(self) -> None:
        # inspect and what it pulls in belong to click itself.
        bare = modules_after("import click")
        loaded = modules_after(HELP)
        assert "click" in loaded
        assert not among(loaded - bare, HEAVY)

    def test_a_module_is_loaded_when_its_name_is_used(self) -> None:
        assert "mailbridge.message.message" not in modules_after("import mailbridge")
        assert "mailbridge.message.message" in modules_after("import mailbridge; mailbridge.Message")


def instructions(code: str) -> int:
    """Count the instructions of a process, which is repeatable to about 1 % where time is not."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *python(code)]
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"}
    subprocess.run(python(code), env=environment, check=True, capture_output=True)  # so that bytecode is compiled
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    collected = re.findall(r"Collected : (\d+)", done.stderr)
    assert collected, done.stderr
    return int(collected[-1])


@pytest.fixture(scope="module")
def bare() -> int:
    return instructions("pass")


@pytest.fixture(scope="module")
def httpx(bare: int) -> int:
    return instructions("import httpx") - bare


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("valgrind"), reason="NOT MEASURED: valgrind is not installed")
class TestInstructions:
    def test_importing_mailbridge_costs_at_most_0_15_of_importing_httpx(self, bare: int, httpx: int) -> None:
        assert (instructions("import mailbridge") - bare) / httpx <= 0.15

    def test_help_with_the_interpreter_costs_at_most_0_45_of_importing_httpx(self, httpx: int) -> None:
        assert instructions(HELP) / httpx <= 0.45
