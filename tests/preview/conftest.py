"""A folder of templates, and the preview of it, asked without a network."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from mailbridge.content import Templates
from mailbridge.preview import Catalogue, application

with warnings.catch_warnings():  # Starlette before 1.0 asks anyio for names that it has moved since
    warnings.simplefilter("ignore", DeprecationWarning)
    from starlette.testclient import TestClient

FILES = {
    "welcome.subject.txt": "Welcome, {{ user.name }}",
    "welcome.html": "<!doctype html><h1>Welcome, {{ user.name }}</h1><p><a href='{{ link }}'>Confirm</a></p>",
    "welcome.txt": "Welcome, {{ user.name }}: {{ link }}",
    "welcome.de.subject.txt": "Willkommen, {{ user.name }}",
    "welcome.de.html": "<h1>Willkommen, {{ user.name }}</h1>",
    "welcome.de.txt": "Willkommen, {{ user.name }}",
    "welcome.sample.toml": (
        'link = "https://example.com/confirm"\n[user]\nname = "Ann"\n[samples.usual]\n'
        '[samples.long.user]\nname = "Maximiliane <b>"\n[locales.de.user]\nname = "Änne"\n'
    ),
    "account/reset.txt": "Hello\n{{ name }}\n{{ code }}\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with two templates; one has samples in two locales, the other lacks all."""
    for name, text in FILES.items():
        file = tmp_path / "mail" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "mail"


@pytest.fixture
def catalogue(folder: Path) -> Catalogue:
    """Give the folder with the samples in it."""
    return Catalogue(Templates(folder, auto_reload=True))


@pytest.fixture
def client(catalogue: Catalogue) -> TestClient:
    """Give somebody who asks the preview from the machine it runs on."""
    return TestClient(application(catalogue), base_url="http://127.0.0.1:8026", follow_redirects=False)


@pytest.fixture
def page(client: TestClient) -> Callable[[str], str]:
    """Ask for a page that has to be there: `page("/")`."""

    def ask(address: str) -> str:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        return answer.text

    return ask
