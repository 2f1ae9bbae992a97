"""Makes the text of a mail of its HTML."""

from __future__ import annotations

import re
from typing import Any

from mailbridge.errors import ConfigError

# What only the preview line of an inbox is to show, in the ways in which mail is taught to hide it.
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all"
    r"|(?:opacity|max-height)\s*:\s*0(?![.\d]*[1-9])",  # not font-size, which is 0 around columns side by side
    re.IGNORECASE,
).search
_SHOWN_LINKS = re.compile(r"(?:https?|ftp|mailto|tel|sms):", re.IGNORECASE).match
_RULE = "-" * 24


def text_of(html: str) -> str:
    """Return the text of HTML: links with their URLs, images by their `alt`, tables in columns, hidden text left out.

    Raises ConfigError where inscriptis is not installed.

    >>> text_of('<p>Hello, <a href="https://example.com/">begin here</a>!')
    'Hello, begin here <https://example.com/>!\\n'
    """
    try:
        from inscriptis.css_profiles import CSS_PROFILES
        from inscriptis.html_engine import Inscriptis
        from inscriptis.model.config import ParserConfig
        from lxml.etree import ParserError
        from lxml.html import HTMLParser, document_fromstring
    except ImportError:
        raise ConfigError(
            "The template has no text, and inscriptis, which makes it of the HTML, is not installed.",
            hints=["Write the text; or pip install '.[templates]'; or do without: Templates(…, make_text=False)."],
        ) from None
    try:
        tree = document_fromstring(html.encode("utf-8", "replace"), parser=HTMLParser(encoding="utf-8", huge_tree=True))
    except ParserError:  # nothing in it but a comment, say
        return "\n"
    _prepare(tree)
    text: str = Inscriptis(tree, ParserConfig(display_images=True, css=CSS_PROFILES["strict"])).get_text()
    lines = "\n".join(line.rstrip() for line in text.splitlines())  # columns are filled up with spaces
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _prepare(tree: Any) -> None:
    """Take out what is hidden, write URLs beside what links to them, and draw rules."""
    for element in list(tree.iter()):
        if not isinstance(element.tag, str):
            continue  # a comment
        if _HIDDEN(element.get("style") or "") or element.get("hidden") is not None:
            if element is not tree:
                element.drop_tree()
        elif element.tag == "a":
            _show_link(element)
        elif element.tag == "hr":
            element.tag, element.text = "p", _RULE


def _show_link(element: Any) -> None:
    href = (element.get("href") or "").strip()
    said = " ".join(element.text_content().split())
    if not _SHOWN_LINKS(href) or said.rstrip("/") in (href.rstrip("/"), href.partition(":")[2].strip("/")):
        return
    # In angle brackets, as RFC 3986 advises: neither a full stop nor a line's end becomes part of the URL.
    if len(element):
        element[-1].tail = f"{(element[-1].tail or '').rstrip()} <{href}>"
    else:
        element.text = f"{(element.text or '').rstrip()} <{href}>".lstrip()
