"""Emulators of providers that other people wrote, on loopback; each ends with its test.

They are fetched from their registries once, into a cache of our own (`$MAILBRIDGE_TEST_CACHE`, else
`~/.cache/mailbridge-tests`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from support.packages import Unavailable

PATIENCE = 30.0  # seconds for starting


class Emulator:
    """A program on a port of its own; `with` starts and stops it."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._folder = Path(tempfile.mkdtemp(prefix="mailbridge-emulator-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Any:
        """Ask the emulator something; return the decoded JSON, or the text."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers or {}, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            text = response.read().decode()
        try:
            return json.loads(text)
        except ValueError:
            return text

    def __enter__(self) -> Self:
        command, environment = self._command()
        with (self._folder / "output.log").open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            self._wait()
            self._prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _command(self) -> tuple[Sequence[str], dict[str, str]]:
        """Return what to run, and with which environment."""
        raise NotImplementedError

    def _prepare(self) -> None:
        """Bring it to the state in which tests want it."""

    def _wait(self) -> None:
        assert self._process is not None
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        log = (self._folder / "output.log").read_text(errors="replace")[-2000:]
        raise AssertionError(f"{type(self).__name__} does not listen: {log}")


def npm_program(name: str, package: Mapping[str, object]) -> Path:
    """Return a program of the package `name`, installed as `package` (a package.json) says."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Unavailable(f"there is no node and npm here, which {name} comes by")

    def make(folder: Path) -> None:
        (folder / "package.json").write_text(json.dumps(package))
        run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", cwd=folder)

    return cached(name, make) / "node_modules" / ".bin" / name


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of the cache, made by `make` the first time."""
    home = Path(os.environ.get("MAILBRIDGE_TEST_CACHE") or "~/.cache/mailbridge-tests").expanduser()
    folder = home / name
    if not folder.exists():
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix="making-") as workshop:
            made = Path(workshop, "made")
            made.mkdir()
            make(made)
            with contextlib.suppress(OSError):  # another process was faster
                made.rename(folder)
    return folder


def run(*command: str, cwd: Path | None = None) -> None:
    """Run a command to its end; raise Unavailable if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=280, check=False)
    if done.returncode:
        raise Unavailable(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-300:]}")
