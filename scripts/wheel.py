"""Build the sdist and the wheel from it, look into both, install the wheel elsewhere and import all of it.

Tests run against the checkout; this is what notices a file that never reached the wheel.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"  # design and specifications of others, which must not be passed on
PACKAGES = ("mailbridge", "mailbridge_django", "mailbridge_flask")
HOSTS = ("fastapi", "litestar", "quart", "Flask-Security", "pytest")  # have modules made for them, but no extra
KINDS = ("*.py", "*.po", "*.mo", "*.html", "*.css", "*.js", "*.svg")  # of files that belong into the wheel

IMPORT_EVERYTHING = """
import importlib, sys
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    assert module.__file__.startswith(sys.prefix), f"{name} comes from {module.__file__}, not from the wheel"
print(f"  imported: {len(sys.argv) - 1} modules")
"""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="mailbridge-wheel-") as folder:
        work = Path(folder)
        run(work, sys.executable, "-m", "build", "--outdir", str(work), str(ROOT))
        (sdist,) = work.glob("*.tar.gz")
        (wheel,) = work.glob("*.whl")
        judge_sdist(dict(unpacked(sdist)))
        judge_wheel(files := dict(unpacked(wheel)))
        use(work, wheel, modules(files))


def run(folder: Path, *command: str) -> None:
    """Run a command away from the checkout; keep quiet unless it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PIP_USER"}}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}\nfailed ({done.returncode})")
    if "-c" in command:
        print(done.stdout, end="")


def unpacked(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file of an archive, an sdist's without its leading folder."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as file:
            yield from ((name, file.read(name)) for name in file.namelist())
        return
    with tarfile.open(archive) as file:
        for member in file:
            if content := file.extractfile(member):
                yield str(PurePosixPath(*PurePosixPath(member.name).parts[1:])), content.read()


def judge_sdist(files: dict[str, bytes]) -> None:
    """Fail if the sdist lacks what a packager needs, or holds what is not ours to give."""
    require(files, "LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "scripts/test", "tests/test_packaging.py")
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        strangers = set(files) - set(listed.stdout.split("\0")) - {"PKG-INFO"}
        assert not strangers, f"the sdist holds files that the repository ignores: {sorted(strangers)}"
    judge_origin("sdist", files)
    print(f"  sdist: {len(files)} files")


def judge_wheel(files: dict[str, bytes]) -> None:
    """Fail if the wheel lacks a marker or a licence, or holds anything but the packages."""
    require(files, *(f"{package}/py.typed" for package in PACKAGES))
    tops = {PurePosixPath(name).parts[0] for name in files}
    metadata = {top for top in tops if top.endswith(".dist-info")}
    assert tops == {*PACKAGES, *metadata}, f"the wheel holds {sorted(tops)}"
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in files), "the wheel holds no licence"
    for package in PACKAGES:
        paths = (path for kind in KINDS for path in (ROOT / package).rglob(kind))
        sources = {str(path.relative_to(ROOT)) for path in paths}
        assert sources <= set(files), f"the wheel lacks {sorted(sources - set(files))}"
    judge_origin("wheel", files)
    print(f"  wheel: {len(files)} files")


def require(files: dict[str, bytes], *names: str) -> None:
    missing = [name for name in names if name not in files]
    assert not missing, f"missing: {missing}"


def judge_origin(kind: str, files: dict[str, bytes]) -> None:
    """Compare with the folder beside the checkout, where there is one."""
    if not SHARED.is_dir():
        return
    foreign = {digest(path.read_bytes()): path for path in SHARED.rglob("*") if path.is_file() and path.stat().st_size}
    for name, content in files.items():
        assert digest(content) not in foreign, f"the {kind} passes on {foreign[digest(content)]} as {name}"


def digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def modules(files: dict[str, bytes]) -> list[str]:
    """Name every module by its file, for a folder without `__init__` hides from pkgutil."""
    paths = [PurePosixPath(name).with_suffix("") for name in files if name.endswith(".py")]
    folders = {str(path.parent) for path in paths}
    bare = {folder for folder in folders if f"{folder}/__init__.py" not in files}
    assert not bare, f"folders without __init__.py: {sorted(bare)}"
    names = (".".join(path.parts).removesuffix(".__init__") for path in paths)
    return sorted(name for name in names if not name.endswith("__main__"))


def use(work: Path, wheel: Path, names: list[str]) -> None:
    """Install the wheel, by its path and never by name, first bare and then with all it can work with."""
    home = work / "environment"
    venv.create(home, symlinks=True, with_pip=True)
    python = str(home / "bin" / "python")
    install = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(work, *install, str(wheel))
    run(work, str(home / "bin" / "mailbridge"), "--help")
    run(work, python, "-m", "mailbridge", "--help")
    run(work, python, "-c", "import mailbridge; [getattr(mailbridge, name) for name in mailbridge.__all__]")
    run(work, *install, f"{wheel}[all]", *HOSTS)
    run(work, python, "-m", "pip", "check")
    run(work, python, "-c", IMPORT_EVERYTHING, *names)


if __name__ == "__main__":
    main()
