"""The example project sends its mail, by the one command that its page names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "examples" / "django_project"


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAILBRIDGE_", "DJANGO_"))}
    environment = {**kept, "PYTHONPATH": str(ROOT), **variables}
    interpreter = [sys.executable, "-W", "error"]
    return subprocess.run(
        [*interpreter, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_one_command_sends_the_mail_that_resets_a_password() -> None:
    done = run("examples/django_project/demo.py")
    assert done.returncode == 0, done.stderr
    assert "The page answers 302 and leads to /password_reset/done/." in done.stdout
    assert "ann@example.org got 'Password reset on localhost' from Shop <shop@example.com>." in done.stdout
    assert "The link to follow: http://localhost/reset/" in done.stdout


def test_the_log_has_no_link() -> None:
    done = run("examples/django_project/demo.py")
    assert "log: " in done.stderr
    assert "/reset/" not in done.stderr


@pytest.mark.parametrize("arguments", [["check"], ["makemigrations", "--check", "--dry-run"]])
def test_the_project_passes_djangos_checks(arguments: list[str]) -> None:
    done = run(str(PROJECT / "manage.py"), *arguments, PYTHONPATH=f"{ROOT}{os.pathsep}{PROJECT}")
    assert done.returncode == 0, done.stderr


def test_sendtestemail_and_our_own_command_send() -> None:
    way = {"MAIL_DSN": "console://", "PYTHONPATH": f"{ROOT}{os.pathsep}{PROJECT}"}
    theirs = run(str(PROJECT / "manage.py"), "sendtestemail", "ann@example.org", **way)
    assert theirs.returncode == 0, theirs.stderr
    assert "ann@example.org" in theirs.stdout
    ours = run(str(PROJECT / "manage.py"), "mailbridge", "test-send", "ann@example.org", "--using", "default", **way)
    assert ours.returncode == 0, ours.stderr
    assert "Shop <shop@example.com>" in ours.stdout
