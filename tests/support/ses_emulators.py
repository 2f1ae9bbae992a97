"""Emulators of Amazon SES on loopback: moto, which checks signatures, and aws-ses-v2-local, which knows templates.

They are fetched from their registries once, into a cache of our own (`$MAILBRIDGE_TEST_CACHE`, else
`~/.cache/mailbridge-tests`), and end with the test.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from support.packages import Unavailable

PATIENCE = 30.0  # seconds for starting
MOTO = "moto[server]==5.2.5"
LOCAL = "aws-ses-v2-local"

# The registry has releases of these that it does not have files of (2026-11-21).
NPM = {
    "private": True,
    "dependencies": {LOCAL: "2.10.2"},
    "overrides": {"@zone-eu/mailsplit": "5.4.19", "encoding-japanese": "2.2.0", "libmime": "5.3.7"},
}

# An account in the sandbox, with all that the emulator wants to be told of one.
ACCOUNT = {
    "DedicatedIpAutoWarmupEnabled": False,
    "Details": {
        "AdditionalContactEmailAddresses": ["ops@example.com"],
        "ContactLanguage": "EN",
        "MailType": "TRANSACTIONAL",
        "ReviewDetails": {"CaseId": "1", "Status": "PENDING"},
        "UseCaseDescription": "Tests",
        "WebsiteURL": "https://example.com",
    },
    "EnforcementStatus": "HEALTHY",
    "ProductionAccessEnabled": False,
    "SendingEnabled": True,
    "SendQuota": {"Max24HourSend": 200, "MaxSendRate": 1, "SentLast24Hours": 0},
    "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE"]},
}


class Emulator:
    """A program on a port of its own; `with` starts and stops it."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._folder = Path(tempfile.mkdtemp(prefix="mailbridge-ses-"))
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


class Moto(Emulator):
    """moto's server, which refuses wrong signatures and senders that are not verified.

    Known are the key of `access_key`, which may do everything in SES, and the senders `verified`.
    """

    verified = ("app@example.com", "example.net")

    def _command(self) -> tuple[Sequence[str], dict[str, str]]:
        packages = _cached("moto", lambda folder: _run(
            sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", str(folder), MOTO,
        ))  # fmt: skip
        free_calls = 3 + len(self.verified)
        return (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)), {
            "PYTHONPATH": str(packages),
            "INITIAL_NO_AUTH_ACTION_COUNT": str(free_calls),
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
        }

    def _prepare(self) -> None:
        """Spend the calls that need no signature on a user, his key, what he may do, and the senders."""
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ses:*", "Resource": "*"}]}
        self._iam("CreateUser", UserName="mail")
        made = self._iam("CreateAccessKey", UserName="mail")
        self._iam("PutUserPolicy", UserName="mail", PolicyName="send", PolicyDocument=json.dumps(policy))
        self.access_key = (_between(made, "AccessKeyId"), _between(made, "SecretAccessKey"))
        for sender in self.verified:
            self.ask("POST", "/v2/email/identities", {"EmailIdentity": sender}, _anybody("ses"))

    @property
    def stored(self) -> dict[str, Any]:
        """The messages it took, by kind."""
        found: dict[str, Any] = self.ask("GET", "/moto-api/data.json")["ses"]
        return found

    def _iam(self, action: str, **fields: str) -> str:
        form = urllib.parse.urlencode({"Action": action, "Version": "2010-05-08", **fields}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        said: str = self.ask("POST", "/", form, _anybody("iam") | kind)
        return said


class SesLocal(Emulator):
    """aws-ses-v2-local, which fills in templates."""

    def _command(self) -> tuple[Sequence[str], dict[str, str]]:
        if shutil.which("node") is None or shutil.which("npm") is None:
            raise Unavailable(f"there is no node and npm here, which {LOCAL} comes by")

        def make(folder: Path) -> None:
            (folder / "package.json").write_text(json.dumps(NPM))
            _run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", cwd=folder)

        program = _cached(LOCAL, make) / "node_modules" / ".bin" / LOCAL
        return (str(program), "--host", "127.0.0.1", "--port", str(self.port)), {"AWS_SES_ACCOUNT": json.dumps(ACCOUNT)}

    @property
    def stored(self) -> list[dict[str, Any]]:
        """The messages it took."""
        found: list[dict[str, Any]] = self.ask("GET", "/store")["emails"]
        return found


def _anybody(service: str) -> dict[str, str]:
    """Return an Authorization of the right form, for calls whose signature is not looked at."""
    scope = f"20261122/eu-west-1/{service}/aws4_request"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential=x/{scope}, SignedHeaders=host, Signature={'0' * 64}",
        "Content-Type": "application/json",
    }


def _between(text: str, tag: str) -> str:
    return text.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]


def _cached(name: str, make: Callable[[Path], None]) -> Path:
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


def _run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=280, check=False)
    if done.returncode:
        raise Unavailable(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-300:]}")
