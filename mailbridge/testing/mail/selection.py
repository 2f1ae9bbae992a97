"""`Element`: what a CSS selector finds in the HTML of a mail."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from mailbridge.errors import ConfigError

__all__ = ["Element", "select"]

# `<![if !mso]>`, which browsers take for a comment and Python's parser may refuse; not the `<![endif]-->` that
# ends a comment.
_SECTION = re.compile(r"<!\[[^>]*(?:(?<!--)>|\Z)")


@dataclass(frozen=True, slots=True)
class Element:
    """One element: `element["href"]` is an attribute of it, `element.text` what is shown, on one line.

    Args:
        name: as in `a`, in lower case.
        attributes: unescaped; those that are lists, such as class, as written.
        text: with all elements inside it.
        html: the element itself, as it was read.
    """

    name: str
    attributes: Mapping[str, str]
    text: str
    html: str

    def __getitem__(self, attribute: str) -> str:
        return self.attributes[attribute]

    def get(self, attribute: str, default: str = "") -> str:
        """Return an attribute, or the default where the element has none of this name."""
        return self.attributes.get(attribute, default)


def select(html: str, selector: str) -> list[Element]:
    """Return the elements that match, in order.

    Raises ConfigError without Beautiful Soup (the standard library has no CSS selectors), and ValueError for a
    selector that is none.

    >>> [each["href"] for each in select('<a class="btn" href="/go">Go</a>', "a.btn")]
    ['/go']
    """
    try:
        from bs4 import BeautifulSoup
        from soupsieve import SelectorSyntaxError
    except ImportError as error:
        raise ConfigError(
            "CSS selectors need the package beautifulsoup4, which is not installed.",
            hints=["Install it with the extra testing: pip install '.[testing]' in mailbridge's directory."],
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # HTML that looks like a file name, or like XML, is HTML here
            soup = BeautifulSoup(_SECTION.sub("", html), "html.parser", multi_valued_attributes=None)
        found = soup.select(selector)
    except SelectorSyntaxError as error:
        raise ValueError(f"{selector!r} is no CSS selector: {str(error).splitlines()[0]}") from None
    return [
        Element(
            name=each.name,
            attributes={name: str(value) for name, value in each.attrs.items()},
            text=" ".join(each.get_text().split()),
            html=str(each),
        )
        for each in found
    ]
