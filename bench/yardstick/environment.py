"""`Environment`: everything a measurement needs, made under one directory and nowhere else.

Debian's Postfix tools are unpacked, not installed, so that no daemon starts and no file of the system changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
CHECKOUT = BENCH.parent
PYTHON = "3.11.7"
PYTHON_OF_DJANGO = "3.12.1"  # the newest Django takes no 3.11
NODEMAILER = "10.6.0"


class SetupError(Exception):
    """A part of the environment cannot be made; the text says which and what to do."""


class Environment:
    """The directory with the peers, the tools and the virtual environment."""

    def __init__(self, home: Path | None = None) -> None:
        default = Path("~/.cache/mailbridge-bench").expanduser()
        self.home = home or Path(os.environ.get("MAILBRIDGE_BENCH_HOME") or default).absolute()
        self.bench = BENCH
        self.debian = self.home / "debian"
        self.python = self.home / "venv/bin/python"
        self.newest_django = self.home / "venv-django/bin/python"
        self.node_modules = self.home / "node/node_modules"
        self.sink = self.home / "sink"
        self.spin = self.home / "spin"

    # ---- what the tools need to run

    def tool(self, name: str) -> Path:
        """Return the path of a Postfix tool: the unpacked one, else that of the system."""
        unpacked = self.debian / "usr/sbin" / name
        found = unpacked if unpacked.exists() else shutil.which(name)
        if not found:
            raise SetupError(f"{name} is missing: run `bench/run --setup`, or install Postfix's tools.")
        return Path(found)

    def tool_environment(self) -> dict[str, str]:
        """Return the variables with which the unpacked tools find their libraries."""
        folders = [self.debian / "usr/lib/postfix", *sorted((self.debian / "usr/lib").glob("*-linux-gnu"))]
        return {"LD_LIBRARY_PATH": ":".join(str(folder) for folder in folders if folder.exists())}

    # ---- making it

    def make(self) -> None:
        """Make what is missing or out of date; a few seconds when nothing is."""
        self.home.mkdir(parents=True, exist_ok=True)
        installed = [_text("../pyproject.toml"), str(CHECKOUT)]
        for name, inputs, make in (
            ("debian", ["postfix"], self._make_tools),
            ("native", [_text("native/sink.c"), _text("native/spin.c")], self._make_native),
            ("node", [NODEMAILER], self._make_node),
            ("venv", [_text("peers.txt"), *installed], self._make_venv),
            ("venv-django", [_text("django.txt"), *installed], self._make_venv_of_django),
        ):
            stamp = self.home / f"{name}.stamp"
            wanted = hashlib.sha256("\0".join(inputs).encode()).hexdigest()
            if not stamp.exists() or stamp.read_text() != wanted:
                print(f"making {name} in {self.home}", file=sys.stderr, flush=True)
                make()
                stamp.write_text(wanted)

    def _make_tools(self) -> None:
        if shutil.which("apt-get") is None:
            self.tool("smtp-sink"), self.tool("smtp-source")
            return
        self._unpack("postfix")
        # The libraries Postfix names as its dependencies, and theirs, as far as this machine lacks them.
        while missing := self._missing_libraries():
            wanted = [name for name in self._library_packages() if not list(self.home.glob(f"debian/{name}_*.deb"))]
            if not wanted:
                raise SetupError(f"smtp-sink lacks {', '.join(missing)}; install these libraries and run again.")
            for package in wanted:
                self._unpack(package)

    def _unpack(self, package: str) -> None:
        self.debian.mkdir(exist_ok=True)
        try:
            _run(["apt-get", "download", "-q", package], cwd=self.debian)
        except SetupError:
            _run(["apt-get", "update", "-q"])  # a fresh container has no package lists
            _run(["apt-get", "download", "-q", package], cwd=self.debian)
        for archive in self.debian.glob(f"{package}_*.deb"):
            _run(["dpkg", "-x", str(archive), str(self.debian)])

    def _missing_libraries(self) -> list[str]:
        answer = _run(["ldd", str(self.tool("smtp-sink"))], env=self.tool_environment())
        return [line.split()[0] for line in answer.splitlines() if "not found" in line]

    def _library_packages(self) -> Iterator[str]:
        for archive in self.debian.glob("*.deb"):
            for dependency in _run(["dpkg-deb", "-f", str(archive), "Depends"]).split(","):
                name = dependency.split("|")[0].split("(")[0].strip()
                if name.startswith("lib") and name != "libc6":
                    yield name

    def _make_native(self) -> None:
        for name in ("sink", "spin"):
            target, source = self.home / name, BENCH / "native" / f"{name}.c"
            _run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(target), str(source)])

    def _make_node(self) -> None:
        folder = self.home / "node"
        folder.mkdir(exist_ok=True)
        (folder / "package.json").write_text('{"name": "bench", "private": true}\n')
        _run(["npm", "install", "--no-audit", "--no-fund", f"nodemailer@{NODEMAILER}"], cwd=folder)

    def _make_venv(self) -> None:
        self._install(self.python, find_python(), "peers.txt")

    def _make_venv_of_django(self) -> None:
        self._install(self.newest_django, find_python_of_django(), "django.txt")

    def _install(self, python: Path, interpreter: str, pinned: str) -> None:
        if not python.exists():
            _run([interpreter, "-m", "venv", str(python.parent.parent)])
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run([*pip, "-r", str(BENCH / pinned)])
        _run([*pip, "-e", str(CHECKOUT)])

    def versions(self) -> dict[str, str]:
        """Return what is compared, by name: part of every result."""
        peers = ("Django", "aiosmtplib", "django-anymail", "httpx", "aiohttp", "httpx-aiohttp", "boto3")
        found = _versions(self.python, peers)
        newest = _versions(self.newest_django, ("Django",))
        found["Newest Django"] = f"{newest['Django']} (Python {newest['Python']})"
        found["Node.js"] = _run(["node", "--version"]).strip()
        found["Nodemailer"] = NODEMAILER
        for archive in self.debian.glob("postfix_*.deb"):
            found["Postfix tools"] = archive.name.split("_")[1]
        found["mailbridge"] = describe_checkout()
        return found


def describe_checkout() -> str:
    """Name the commit that is measured, and say when files differ from it."""
    commit = _run(["git", "-C", str(CHECKOUT), "rev-parse", "--short", "HEAD"]).strip()
    changed = _run(["git", "-C", str(CHECKOUT), "status", "--porcelain", "--", "mailbridge"]).strip()
    return f"{commit} with uncommitted changes" if changed else commit


def fingerprint() -> str:
    """Return a digest of mailbridge's code: two that differ were not the same measurement."""
    digest = hashlib.sha256()
    for file in sorted((CHECKOUT / "mailbridge").rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def find_python() -> str:
    """Return an interpreter of the pinned version, else the nearest that will do (the report names it)."""
    wanted = os.environ.get("MAILBRIDGE_BENCH_PYTHON")
    return _first(wanted, _of_pyenv(PYTHON), shutil.which("python3.11"), sys.executable)


def find_python_of_django() -> str:
    """Return likewise one that the newest Django runs with."""
    newer = sys.executable if sys.version_info >= (3, 12) else None
    found = _first(_of_pyenv(PYTHON_OF_DJANGO), *map(shutil.which, ("python3.12", "python3.13", "python3.14")), newer)
    if not found:
        raise SetupError("The newest Django needs Python 3.12; install one and run again.")
    return found


def _first(*candidates: str | None) -> str:
    return next((found for found in candidates if found and Path(found).exists()), "")


def _of_pyenv(version: str) -> str:
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path("~/.pyenv").expanduser())
    return str(pyenv / "versions" / version / "bin/python")


def _versions(python: Path, distributions: Sequence[str]) -> dict[str, str]:
    script = (
        "import platform, importlib.metadata as m\n"
        "print('Python', platform.python_version())\n"
        f"for name in {distributions}: print(name, m.version(name))\n"
    )
    return dict(line.split(" ", 1) for line in _run([str(python), "-c", script]).splitlines())


def _text(name: str) -> str:
    return (BENCH / name).read_text()


def _run(argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a command and return what it printed; a failure shows its last words."""
    try:
        done = subprocess.run(argv, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise SetupError(f"{argv[0]} is missing; install it and run again.") from error
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip())[-1500:]
        raise SetupError(f"`{' '.join(argv)}` failed with {done.returncode}:\n{words}")
    return done.stdout
