"""`View`: what of a proof is looked at, and how; all of it stands in the address, so that it works without a script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self
from urllib.parse import quote, urlencode

TABS = {"html": "HTML", "text": "Text", "source": "Source", "links": "Links", "headers": "Headers"}
WIDTHS = {"desktop": "Desktop", "mobile": "Mobile"}
SCHEMES = {"light": "Light", "dark": "Dark"}
IMAGES = {"blocked": "Blocked", "loaded": "Loaded"}


class View(NamedTuple):
    """A template, and how it is looked at; "" is the first sample, locale and tab that there is.

    >>> View("account/welcome", width="mobile").change(scheme="dark").address
    '/template/account/welcome?width=mobile&scheme=dark'
    """

    template: str
    sample: str = ""
    locale: str = ""
    tab: str = ""
    width: str = "desktop"
    scheme: str = "light"
    images: str = "blocked"

    @classmethod
    def asked(cls, template: str, query: Mapping[str, str], samples: Iterable[str], locales: Iterable[str]) -> Self:
        """Return what an address asks for; what does not exist gives way to the first that does."""
        choices = {
            "sample": ["", *samples],
            "locale": ["", *locales],
            "tab": ["", *TABS],
            "width": list(WIDTHS),
            "scheme": list(SCHEMES),
            "images": list(IMAGES),
        }
        asked = {name: query.get(name, "") for name in choices}
        return cls(
            template, **{name: asked[name] if asked[name] in some else some[0] for name, some in choices.items()}
        )

    def change(self, **fields: str) -> Self:
        """Return another view of it."""
        return self._replace(**fields)

    @property
    def address(self) -> str:
        """The path of the page, with its query."""
        return self._path("template")

    @property
    def output(self) -> str:
        """The path of the output alone, as it stands in the frame."""
        return self._path("output")

    def _path(self, root: str) -> str:
        plain = type(self)(self.template)
        said = {name: value for name, value in self._asdict().items() if value != getattr(plain, name)}
        query = f"?{urlencode(said)}" if said else ""
        return f"/{root}/{quote(self.template)}{query}"
