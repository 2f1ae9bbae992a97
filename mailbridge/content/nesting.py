"""How deep elements of HTML lie in one another.

css-inline walks the tree by recursion: some thousand levels overflow the stack, and end the process. No mail
is like that, but a stored template, or a loop gone wrong, may be.
"""

from __future__ import annotations

import re

from mailbridge.errors import TemplateError

LIMIT = 500
"""Levels, of which a stack of 8 MB takes ten times as many."""

_TAG = re.compile(r"<(/?)([a-z][^\s/>]*)", re.IGNORECASE)
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_CELL = frozenset({"td", "th"})
_ROW = _CELL | {"tr"}
_ROWS = _ROW | {"tbody", "thead", "tfoot"}
_TERM = frozenset({"dd", "dt"})
# An element that ends where another one begins.
_ENDED_BY = {
    **dict.fromkeys(_CELL, _CELL),
    "tr": _ROW,
    **dict.fromkeys(("tbody", "thead", "tfoot"), _ROWS),
    **dict.fromkeys(_TERM, _TERM),
    **{name: frozenset({name}) for name in ("li", "p", "option")},
}


def check_nesting(html: str) -> None:
    """Raise TemplateError for HTML that is nested too deep, or may be: end tags without their beginning end nothing."""
    if html.count("<") <= LIMIT:
        return
    open_: list[str] = []
    for end, tag in _TAG.findall(html):
        name = tag.lower()
        if end:
            while open_ and open_[-1] != name and open_[-1] in _ENDED_BY:
                open_.pop()
            if open_ and open_[-1] == name:
                open_.pop()
        elif name not in _VOID:
            while open_ and open_[-1] in _ENDED_BY.get(name, ()):
                open_.pop()
            open_.append(name)
            if len(open_) > LIMIT:
                raise TemplateError(
                    f"The HTML has elements more than {LIMIT} deep in one another.",
                    hints=["Look for a loop that opens an element, such as <div>, and does not close it."],
                )
