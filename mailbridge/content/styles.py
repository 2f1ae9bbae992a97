"""Puts styles where every mail program heeds them: into the elements."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from mailbridge.errors import ConfigError

if TYPE_CHECKING:
    from css_inline import CSSInliner

_MENTIONED = re.compile(r"<(?:style|link)\b", re.IGNORECASE).search
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE).match


def inlined(html: str, read: Callable[[str], bytes]) -> str:
    """Return HTML with its styles in the elements; `read` answers for stylesheets that lie beside the template.

    What no `style` attribute can say (media queries, `:hover`) remains in a `<style>`. Stylesheets of other
    servers are never fetched; their `<link>` stays. Raises ConfigError if there are styles and css-inline is
    not installed, TemplateMissing for a stylesheet that does not exist.
    """
    if not _MENTIONED(html):
        return html
    html = _embedded(html, read)
    return _inliner().inline(html).replace("<style></style>", "")


def _embedded(html: str, read: Callable[[str], bytes]) -> str:
    """Put local stylesheets in the place of their links."""
    links = _Links(html)
    for start, end, href in reversed(links.found):
        css = read(href.partition("?")[0]).decode("utf-8-sig", "replace")
        html = f"{html[:start]}<style>{css}</style>{html[end:]}"
    return html


class _Links(HTMLParser):
    """Finds the links to local stylesheets, with their places."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[int, int, str]] = []
        self._starts = [0]
        for line in html.split("\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link to a local stylesheet."""
        given = dict(attrs)
        href = (given.get("href") or "").strip()
        relations = (given.get("rel") or "").lower().split()
        if tag == "link" and "stylesheet" in relations and "alternate" not in relations and href and not _REMOTE(href):
            line, column = self.getpos()
            start = self._starts[line - 1] + column
            self.found.append((start, start + len(self.get_starttag_text() or ""), href))


@lru_cache(maxsize=1)
def _inliner() -> CSSInliner:
    try:
        from css_inline import CSSInliner
    except ImportError:
        raise ConfigError(
            "The HTML has styles, and css-inline, which puts them into the elements, is not installed.",
            hints=[
                "Install it: pip install '.[templates]'; or leave them as they are: Templates(…, inline_css=False)."
            ],
        ) from None
    return CSSInliner(
        keep_style_tags=True,
        remove_inlined_selectors=True,
        keep_at_rules=True,
        keep_link_tags=True,
        load_remote_stylesheets=False,
    )
