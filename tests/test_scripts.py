"""The scripts find a Python by themselves and install what pyproject.toml says, with any pip."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "scripts"


@pytest.fixture(scope="module")
def environment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scripts_environment", SCRIPTS / "environment.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("script", sorted(path for path in SCRIPTS.iterdir() if not path.suffix), ids=lambda p: p.name)
def test_a_script_can_be_run_and_says_what_it_is_for(script: Path) -> None:
    first, second, *_ = script.read_text(encoding="utf-8").splitlines()
    assert os.access(script, os.X_OK)
    assert first == "#!/bin/sh"
    assert second.startswith("# ")


class TestInterpreters:
    """`scripts/interpreters`, on a machine that has only what the test puts into `bin`."""

    @pytest.fixture
    def bin(self, tmp_path: Path) -> Path:
        folder = tmp_path / "a folder with blanks"
        folder.mkdir()
        return folder

    def interpreters(self, folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        for tool in ("sh", "dirname"):
            (folder / tool).symlink_to(f"/bin/{tool}" if Path(f"/bin/{tool}").exists() else f"/usr/bin/{tool}")
        return subprocess.run(
            [str(SCRIPTS / "interpreters"), *arguments],
            env={"PATH": str(folder), "HOME": str(folder), **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def place(self, path: Path, text: str) -> None:
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def this_python(self, path: Path) -> None:
        self.place(path, f'exec "{sys.executable}" "$@"')

    def test_a_command_that_refuses_is_passed_over(self, bin: Path) -> None:
        self.place(bin / "python3", "echo 'shim: command not found' >&2; exit 127")
        self.this_python(bin / "python")
        found = self.interpreters(bin)
        assert found.stdout.split()[0] == ".".join(map(str, sys.version_info[:2]))
        assert (found.returncode, found.stderr) == (0, "")

    def test_one_version_is_listed_once(self, bin: Path) -> None:
        self.this_python(bin / "python3")
        self.this_python(bin / "python3.12")
        assert len(self.interpreters(bin).stdout.splitlines()) == 1

    def test_an_old_python_is_not_enough(self, bin: Path) -> None:
        self.place(bin / "python3", "exit 1")
        found = self.interpreters(bin)
        assert found.returncode == 1
        assert "No Python >= 3.11" in found.stderr
        assert "PYTHON=/path/to/python" in found.stderr

    def test_the_one_that_is_named_is_the_only_choice(self, bin: Path) -> None:
        self.this_python(bin / "python3")
        self.place(bin / "named", "exit 1")
        found = self.interpreters(bin, PYTHON=str(bin / "named"))
        assert found.returncode == 1
        assert f"PYTHON={bin / 'named'} is not a Python >= 3.11" in found.stderr


class TestEnvironment:
    GROUPS = {  # noqa: RUF012 (read only)
        "test": ["pytest>=8"],
        "typing": ["mypy==2", {"include-group": "test"}],
        "dev": ["build", {"include-group": "typing"}],
    }

    def test_groups_include_groups(self, environment: ModuleType) -> None:
        assert list(environment.group(self.GROUPS, "dev")) == ["build", "mypy==2", "pytest>=8"]

    def test_lower_bounds_become_pins(self, environment: ModuleType) -> None:
        project = {
            "dependencies": ["click>=8.1.7", "rich >= 13"],
            "optional-dependencies": {"django": ["Django>=5.2"], "all": ["Django>=5.2"], "none": []},
        }
        assert environment.lower_bounds(project) == ["Django==5.2", "click==8.1.7", "rich==13"]

    def test_an_environment_is_made_anew_when_a_requirement_changes_and_only_then(
        self, environment: ModuleType
    ) -> None:
        pyproject = {"project": {"version": "1"}, "build-system": {}, "tool": {"ruff": {"line-length": 100}}}
        wanted = ["--editable", "."]
        first = environment.fingerprint(wanted, [], pyproject)
        assert environment.fingerprint(wanted, [], pyproject | {"tool": {}}) == first
        assert environment.fingerprint(wanted, [], pyproject | {"project": {"version": "2"}}) != first
        assert environment.fingerprint([*wanted, "mypy==2"], [], pyproject) != first
        assert environment.fingerprint(wanted, ["click==8"], pyproject) != first
