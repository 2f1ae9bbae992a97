"""`Link`: where a mail leads to, and by which words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Self

from mailbridge.testing.mail.page import Page

__all__ = ["Link", "links_of_html", "links_of_text"]

_URL = re.compile(r"(?i)\bhttps?://[^\s<>\"\u201c\u201d]+")
_SERVER = re.compile(r"(?is)\A([a-z][a-z0-9+.-]*:)?(?:(//)(?:[^/?#]*@)?([^/?#]*/?))?.*")
_SENTENCE = frozenset(".,;:!?'*")
_CLOSED_BY = {")": "(", "]": "[", "}": "{"}


class Link(str):
    """A URL, with the words that lead to it in `text`.

    In plain text, these are the rest of its line, or the line before if it has none of its own.
    """

    __slots__ = ("text",)

    text: str

    def __new__(cls, url: str, text: str = "") -> Self:  # noqa: D102 - what the class says
        link = super().__new__(cls, url)
        link.text = text
        return link

    def leads_by(self, words: str | re.Pattern[str]) -> bool:
        """Whether its words contain these, or its words or its URL have this pattern."""
        if isinstance(words, re.Pattern):
            return bool(words.search(self.text) or words.search(self))
        return words in self.text

    def told(self, *, sensitive: bool) -> str:
        """Return words and URL for a person; of a URL that must not be logged, the server only."""
        url = _SERVER.sub(r"\1\2\3…", self, count=1) if sensitive else self
        return f"{self.text!r}  {url}" + (" (hidden, for the message is sensitive)" if sensitive else "")

    def __reduce__(self) -> tuple[object, ...]:
        return Link, (str(self), self.text)


def links_of_html(html: str) -> list[Link]:
    """Return every link of a page, in order, its URL unescaped.

    >>> links_of_html('<a href="https://example.com/?a=1&amp;b=2">Go</a>')
    ['https://example.com/?a=1&b=2']
    """
    return [Link(url, text) for url, text in Page(html).links]


def links_of_text(text: str) -> list[Link]:
    """Return every http: and https: URL of a text, in order, without the punctuation of the sentence around it.

    >>> links_of_text("Reset it (https://example.com/r/1), please.")[0].text
    'Reset it (), please.'
    """
    return list(_found(text))


def _found(text: str) -> Iterator[Link]:
    before = ""
    for line in text.splitlines():
        urls = [_bare(found[0]) for found in _URL.finditer(line)]
        words = line
        for url in urls:
            words = words.replace(url, "", 1)
        words = " ".join(words.replace("<>", "").split())
        for url in urls:
            yield Link(url, words if any(map(str.isalnum, words)) else before)
        before = words if any(map(str.isalnum, words)) else before


def _bare(url: str) -> str:
    """Leave off what belongs to the sentence: `.` at its end, `)` that was opened before the URL."""
    while url[-1] in _SENTENCE or url.count(url[-1]) > url.count(_CLOSED_BY.get(url[-1], url[-1])):
        url = url[:-1]
    return url
