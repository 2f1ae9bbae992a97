"""`Page`: the links and the text of HTML, however broken it is."""

from __future__ import annotations

import re
from html.parser import HTMLParser

__all__ = ["Page"]

_UNSHOWN = frozenset({"script", "style", "template", "title"})
_BREAKS = frozenset({
    "address", "article", "blockquote", "br", "center", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul",
})  # fmt: skip
_CELLS = frozenset({"td", "th"})
_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")


class Page(HTMLParser):
    """Reads HTML as a mail program shows it, line by line, and notes where it links to.

    >>> page = Page("<p>Hello Ann</p><a href='/x?a=1&amp;b=2'>Go <b>on</b></a>")
    >>> page.links, page.text
    ([('/x?a=1&b=2', 'Go on')], 'Hello Ann\\nGo on')
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self._said: list[str] = []
        self._unshown: list[str] = []
        self._open: tuple[str, int, str] | None = None  # URL, where its text begins, its title
        self._found: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        self._end_link()

    @property
    def links(self) -> list[tuple[str, str]]:
        """The URL and the text of every link, in order; the text of a picture is its alternative."""
        return self._found

    @property
    def text(self) -> str:
        """What is shown: one line for each block, white space as a browser has it."""
        lines = (_SPACE.sub(" ", line).strip() for line in "".join(self._said).split("\v"))
        return "\n".join(line for line in lines if line)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note links, breaks and what is not shown."""
        given = {name: value or "" for name, value in reversed(attrs)}  # of two attributes of a name, the first holds
        if tag in _UNSHOWN:
            self._unshown.append(tag)
        self._break(tag)
        if tag in ("a", "area") and "href" in given:
            self._end_link()
            self._open = (given["href"].strip(), len(self._said), given.get("title", "") or given.get("aria-label", ""))
            if tag == "area":
                self._said.append("")
                self._end_link(given.get("alt", ""))
        elif tag == "img":
            self.handle_data(given.get("alt", ""))

    def handle_endtag(self, tag: str) -> None:
        """End a link, a block, or what is not shown."""
        if tag in self._unshown:
            while self._unshown.pop() != tag:
                pass
        if tag == "a":
            self._end_link()
        self._break(tag)

    def handle_data(self, data: str) -> None:
        """Keep text that is shown."""
        if not self._unshown:
            self._said.append(data.replace("\v", " "))

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """Take `<![what]>` for a comment, as browsers do; Python would raise AssertionError for most of them."""
        end = self.rawdata.find(">", i)
        return end + 1 if end >= 0 else -1

    def _break(self, tag: str) -> None:
        if not self._unshown and (tag in _BREAKS or tag in _CELLS):
            self._said.append("\v" if tag in _BREAKS else " ")

    def _end_link(self, text: str = "") -> None:
        if self._open is None:
            return
        url, start, title = self._open
        self._open = None
        shown = _SPACE.sub(" ", "".join(self._said[start:]).replace("\v", " ")).strip()
        if url:
            self._found.append((url, text or shown or title))
