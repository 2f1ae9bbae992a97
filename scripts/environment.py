"""Make an environment for the checkout, or reuse the one made before, and print the path of its Python.

    scripts/python scripts/environment.py NAME [--extra E]... [--group G]... [--require R]... [--no-project] [--lowest]

The environment is `.venvs/NAME-X.Y`, one for each version of Python. It holds the checkout
(editable, with the extras) and the dependency groups, and is made anew when any requirement changes.
Groups are resolved here, for pip itself knows `--group` only from 25.1 on and what a fresh Python
brings is older.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FINGERPRINT = "mailbridge-requirements"  # written last: without it an environment is unfinished


def group(groups: dict[str, list[Any]], name: str) -> Iterator[str]:
    """Yield the requirements of a PEP 735 group and of the groups it includes."""
    for entry in groups[name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from group(groups, entry["include-group"])


def lower_bounds(project: dict[str, Any]) -> list[str]:
    """Pin every direct dependency to the oldest version it admits."""
    requirements = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        requirements += extra
    return sorted({re.sub(r"\s*>=\s*", "==", requirement) for requirement in requirements})


def requirements(options: argparse.Namespace, pyproject: dict[str, Any]) -> list[str]:
    """List what pip is asked to install."""
    wanted = []
    if not options.no_project:
        extras = ",".join(sorted(options.extra))
        wanted += ["--editable", f".[{extras}]" if extras else "."]
    for name in options.group:
        wanted += group(pyproject["dependency-groups"], name)
    wanted += options.require
    return wanted


def fingerprint(wanted: list[str], constraints: list[str], pyproject: dict[str, Any]) -> str:
    """Identify everything an environment depends on except the code, which is installed editable."""
    content = [sys.version, sys.base_prefix, str(ROOT), wanted, constraints]
    if "--editable" in wanted:
        content += [pyproject["project"], pyproject["build-system"], version()]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def version() -> str:
    """Read the version that the installed metadata repeats."""
    found = re.search(r'^__version__ = "(.+)"$', (ROOT / "mailbridge" / "__init__.py").read_text("utf-8"), re.MULTILINE)
    return found[1] if found else ""


def install(python: Path, wanted: list[str], constraints: list[str]) -> None:
    """Install with the environment's own pip."""
    command = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *wanted]
    if constraints:
        listed = python.parent.parent / "constraints.txt"
        listed.write_text("\n".join(constraints) + "\n")
        command += ["--constraint", str(listed)]
    # PIP_USER in a developer's configuration would send the packages past the environment.
    environment = os.environ | {"PIP_USER": "0", "PIP_NO_INPUT": "1"}
    # Standard output belongs to the path that is the answer.
    done = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if done.returncode:
        sys.exit("pip failed (see above). It needs a package index: check the network and pip's configuration.")


def prepare(options: argparse.Namespace) -> Path:
    """Return the Python of a finished environment."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = requirements(options, pyproject)
    constraints = lower_bounds(pyproject["project"]) if options.lowest else []
    current = fingerprint(wanted, constraints, pyproject)

    home = ROOT / ".venvs" / f"{options.name}-{sys.version_info[0]}.{sys.version_info[1]}"
    python, stamp = home / "bin" / "python", home / FINGERPRINT
    home.parent.mkdir(exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two scripts started together make one environment, not half of two
        if not (python.exists() and stamp.exists() and stamp.read_text() == current):
            print(f"Making {home.relative_to(ROOT)} (once; about a minute) …", file=sys.stderr, flush=True)
            venv.create(home, clear=True, symlinks=True, with_pip=True)
            install(python, wanted, constraints)
            stamp.write_text(current)
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", help="what the environment is for")
    parser.add_argument("--extra", action="append", default=[], help="an extra of the project to install")
    parser.add_argument("--group", action="append", default=[], help="a dependency group to install")
    parser.add_argument("--require", action="append", default=[], help="a further requirement, such as Django==5.2.*")
    parser.add_argument("--no-project", action="store_true", help="install the groups alone")
    parser.add_argument("--lowest", action="store_true", help="hold direct dependencies at their lower bounds")
    print(prepare(parser.parse_args()))


if __name__ == "__main__":
    main()
