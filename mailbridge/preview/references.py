"""What a document refers to: links, and images on other machines, which the preview does not load by itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import NamedTuple

_URL_IN_STYLE = re.compile(r"""url\(\s*["']?\s*([^"')]+)""", re.IGNORECASE)
_REMOTE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_OPENABLE = re.compile(r"\s*(?:https?|mailto|tel|sms):", re.IGNORECASE)
_SCHEME = re.compile(r"\s*[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_WITH_IMAGES = {"img": ("src", "srcset"), "source": ("srcset",), "input": ("src",), "video": ("poster",)}


class Link(NamedTuple):
    """A link: what it says and where it leads."""

    text: str
    address: str

    @property
    def openable(self) -> bool:
        """Whether it leads to a page, a mailbox or a telephone; nothing else is offered to be opened."""
        return _OPENABLE.match(self.address) is not None


class Image(NamedTuple):
    """An image: where it lies and what stands in for it, None where nothing does."""

    address: str
    alt: str | None

    @property
    def remote(self) -> bool:
        """Whether it lies on another machine."""
        return _REMOTE.match(self.address) is not None

    @property
    def relative(self) -> bool:
        """Whether its address means nothing outside of a web site."""
        return not self.remote and not _SCHEME.match(self.address)


class References(NamedTuple):
    """What a document refers to, in order."""

    links: list[Link]
    images: list[Image]


def references(html: str) -> References:
    """Return the links and images of a document; those of style sheets count as images with an empty `alt`."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return References(reader.links, reader.images)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.images: list[Image] = []
        self._open: list[str] | None = None
        self._address = ""
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag in ("a", "area") and "href" in said:
            self._end_link()
            self._address, self._open = said["href"], []
        alt = said.get("alt")
        for name in _WITH_IMAGES.get(tag, ()):
            for address in _addresses(name, said.get(name, "")):
                self.images.append(Image(address, alt))
                if self._open is not None and alt:
                    self._open.append(alt)
        self._in_styles(said.get("style", ""))
        if "background" in said:
            self.images.append(Image(said["background"], ""))
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._style = False
        if tag in ("a", "area"):
            self._end_link()

    def handle_data(self, data: str) -> None:
        if self._style:
            self._in_styles(data)
        elif self._open is not None:
            self._open.append(data)

    def close(self) -> None:
        super().close()
        self._end_link()

    def _end_link(self) -> None:
        if self._open is not None:
            self.links.append(Link(" ".join("".join(self._open).split()), self._address))
        self._open = None

    def _in_styles(self, styles: str) -> None:
        self.images += [Image(address.strip(), "") for address in _URL_IN_STYLE.findall(styles)]


def _addresses(attribute: str, value: str) -> list[str]:
    if not value.strip():
        return []
    if attribute == "srcset":
        return [part.split()[0] for part in value.split(", ") if part.strip()]
    return [value.strip()]
