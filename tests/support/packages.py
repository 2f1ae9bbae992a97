"""Debian packages, unpacked into a cache of our own: nothing is installed and no service starts.

The cache is `$MAILBRIDGE_TEST_CACHE`, else `~/.cache/mailbridge-tests`.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


class Unavailable(Exception):
    """The packages cannot be had on this machine; the text says why."""


@functools.cache
def unpacked(*names: str) -> Path:
    """Return a folder with these packages and the shared libraries that this machine lacks for them."""
    for tool in ("apt-get", "dpkg", "ldd"):
        if shutil.which(tool) is None:
            raise Unavailable(f"there is no {tool} here: {', '.join(names)} come from Debian's or Ubuntu's archive")
    home = Path(os.environ.get("MAILBRIDGE_TEST_CACHE") or "~/.cache/mailbridge-tests").expanduser()
    folder = home / "-".join(names)
    if not folder.exists():
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix="making-") as workshop:
            made = _make(Path(workshop), names)
            try:
                made.rename(folder)
            except OSError:
                # Another process was faster.
                if not folder.exists():
                    raise
    return folder


def library_path(folder: Path) -> str:
    """Return the folders with shared libraries, as LD_LIBRARY_PATH wants them."""
    return ":".join(sorted({str(library.parent) for library in folder.glob("usr/lib/**/*.so*")}))


def _make(workshop: Path, names: tuple[str, ...]) -> Path:
    archives, folder = workshop / "archives", workshop / "unpacked"
    archives.mkdir()
    for name in names:
        _unpack(name, archives, folder)
    tried = set(names)
    while missing := sorted(_missing_libraries(folder)):
        wanted = [name for name in _libraries_needed(archives) if name not in tried]
        if not wanted:
            raise Unavailable(f"{', '.join(names)} need {', '.join(missing)}, which no package they name has")
        tried.update(wanted)
        for name in wanted:
            _unpack(name, archives, folder)
    return folder


def _unpack(name: str, archives: Path, folder: Path) -> None:
    before = set(archives.iterdir())
    if not _succeeds("apt-get", "download", "-q", name, cwd=archives):
        # A fresh container has no package lists.
        _run("apt-get", "update", "-q", cwd=archives)
        _run("apt-get", "download", "-q", name, cwd=archives)
    for archive in set(archives.iterdir()) - before:
        _run("dpkg", "-x", str(archive), str(folder), cwd=archives)


def _missing_libraries(folder: Path) -> set[str]:
    programs = [str(path) for path in folder.glob("usr/**/*") if path.is_file() and _is_elf(path)]
    environment = {**os.environ, "LD_LIBRARY_PATH": library_path(folder)}
    told = subprocess.run(["ldd", *programs], env=environment, capture_output=True, text=True, check=False, timeout=60)
    return set(re.findall(r"(\S+) => not found", told.stdout))


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _libraries_needed(archives: Path) -> Iterator[str]:
    for archive in sorted(archives.glob("*.deb")):
        for dependency in _run("dpkg-deb", "-f", str(archive), "Depends", cwd=archives).split(","):
            name = dependency.split("|")[0].split("(")[0].strip()
            if name.startswith("lib") and name != "libc6":
                yield name


def _succeeds(*command: str, cwd: Path) -> bool:
    return subprocess.run(command, cwd=cwd, capture_output=True, timeout=120, check=False).returncode == 0


def _run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise Unavailable(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout
