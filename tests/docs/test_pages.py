"""Every code block of the documentation does what the page says. The rules are in docs/README.md."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest
from support.loggers import kept_loggers
from support.peer import Peer
from support.reader import Reader

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("docs", "changelog.d", "examples", "mailbridge", "mailbridge_django", "mailbridge_flask", "bench")
PAGES = sorted(chain(ROOT.glob("*.md"), *((ROOT / folder).rglob("*.md") for folder in FOLDERS)))


@pytest.fixture
def serve(peer: Callable[..., Peer]) -> Callable[[], int]:
    """Start a server that accepts any mail, and answer its port."""
    return lambda: peer().port


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve: Callable[[], int]) -> Iterator[Reader]:
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    for name in [name for name in before if name.startswith("MAILBRIDGE_")]:
        del os.environ[name]
    # Our own plugin and no others: so runs of pytest are quick, and work where the checkout is not installed.
    os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "mailbridge.testing.plugin"}
    with kept_loggers():
        yield Reader(tmp_path, serve)
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_a_page_does_what_the_page_says(page: Path, reader: Reader) -> None:
    reader.follow(page, page.read_text(encoding="utf-8"))


def test_the_index_leads_to_every_page() -> None:
    """From docs/README.md, by way of other pages if need be."""
    found, open_ends = set(), [ROOT / "docs/README.md"]
    while open_ends:
        page = open_ends.pop()
        if page not in found:
            found.add(page)
            text = page.read_text(encoding="utf-8")
            links = re.findall(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)", text)
            open_ends += [(page.parent / link).resolve() for link in links]
    assert set((ROOT / "docs").rglob("*.md")) <= found


def test_the_readme_and_the_first_tutorial_are_among_the_pages() -> None:
    assert {ROOT / "README.md", ROOT / "docs/tutorial/first-mail.md"} <= set(PAGES)
