"""No link of a page leads nowhere, and the index leads to every page."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("docs", "changelog.d", "examples", "mailbridge", "bench")
PAGES = sorted(chain(ROOT.glob("*.md"), *((ROOT / folder).rglob("*.md") for folder in FOLDERS)))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def targets(page: Path) -> list[tuple[str, str]]:
    """Return the relative links of a page, each as path and anchor."""
    found = [link for link in LINK.findall(prose(page)) if "://" not in link and not link.startswith("mailto:")]
    return [(link.partition("#")[0], link.partition("#")[2]) for link in found]


def anchors(page: Path) -> set[str]:
    """Return the anchors that forges make of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    for path, anchor in targets(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page}: there is no {path}"
        assert ROOT in target.parents, f"{page}: {path} is outside the checkout"
        assert not anchor or anchor in anchors(target), f"{page}: {target.name} has no heading #{anchor}"


def test_the_index_links_to_every_page() -> None:
    index = ROOT / "docs/README.md"
    linked = {(index.parent / path).resolve() for path, _ in targets(index)}
    decisions = ROOT / "docs/adr/README.md"
    linked |= {(decisions.parent / path).resolve() for path, _ in targets(decisions)}
    assert {page for page in PAGES if ROOT / "docs" in page.parents} - linked - {index} == set()


def test_the_pages_of_the_index_call_themselves_what_the_index_calls_them() -> None:
    """A name that is a sentence in the index and another one on the page makes readers doubt where they are."""
    index = ROOT / "docs/README.md"
    for path in {path for path, _ in targets(index) if path.startswith("howto/")}:
        title = (index.parent / path).read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        assert f"[{title[0].lower()}{title[1:]}]({path})" in prose(index) or f"[{title}]({path})" in prose(index)
