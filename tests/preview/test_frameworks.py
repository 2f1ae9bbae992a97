"""The preview of a project's own templates, by the command that its framework mounts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 25  # seconds
COMMANDS = {
    "django_project": ["manage.py", "mailbridge", "preview"],
    "flask_app": ["-m", "flask", "--app", "shop", "mail", "preview"],
}


@pytest.fixture(params=COMMANDS)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, list[str]]:
    """Give a copy of an example with a template of its own, and the command."""
    example = tmp_path / "project"
    shutil.copytree(ROOT / "examples" / request.param, example, ignore=shutil.ignore_patterns("__pycache__"))
    mail = example / "shop/templates/mail"
    mail.mkdir(parents=True, exist_ok=True)
    (mail / "hello.html").write_text("<p>Hello {{ name|upper }}</p>\n<p>{{ code }}</p>")
    (mail / "hello.sample.toml").write_text('name = "Ann"\ncode = "4711"')
    settings = example / "shop/settings.py"
    if settings.exists():
        settings.write_text(settings.read_text().replace('"APP_DIRS": True', f'"DIRS": [{str(mail.parent)!r}]'))
    return example, [sys.executable, *COMMANDS[request.param]]


@pytest.fixture
def url(project: tuple[Path, list[str]]) -> Iterator[str]:
    folder, command = project
    with subprocess.Popen(
        [*command, "--port", "0"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        yield line.split()[5]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_the_project_s_own_engine_is_behind_it(url: str, project: tuple[Path, list[str]]) -> None:
    assert "<p>Hello ANN</p>" in httpx.get(f"{url}output/hello", timeout=PATIENCE).text
    samples = project[0] / "shop/templates/mail/hello.sample.toml"
    samples.write_text('name = "Bo"')
    page = httpx.get(f"{url}template/hello", timeout=PATIENCE).text
    assert "VariableUndefined" in page
    assert "hello.html, line 2" in page
    assert '<li class="wrong" aria-label="line 2, here" value="2">' in page
    assert "code = &#34;…&#34;" in page
    samples.write_text('name = "Bo"\ncode = "1"')
    template = project[0] / "shop/templates/mail/hello.html"
    template.write_text("<p>Goodbye {{ name }} {{ code }}</p>")
    assert "<p>Goodbye Bo 1</p>" in httpx.get(f"{url}output/hello", timeout=PATIENCE).text
