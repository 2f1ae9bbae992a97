"""Placeholders: texts that a transmission says by reference.

SparkPost reads subject and headers as its template language, also where `perform_substitutions` is off:
`{{` in them would be evaluated, or refused. Such a text is given as data, and stands as `{{{name}}}` in
its place; what comes out of a substitution is not read again. Headers that differ between the messages
of a transmission are said in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence

MARK = "{{"


class Placeholders:
    """The texts of one transmission that are said by reference.

    `shared` is the data for all its messages, `own` that of each.

    Args:
        count: how many messages it has.
        literal: whether texts are meant as they stand, and are not in the template language.
    """

    def __init__(self, count: int, *, literal: bool) -> None:
        self.shared: dict[str, str] = {}
        self.own: list[dict[str, str]] = [{} for _ in range(count)]
        self._literal = literal
        self._names = 0

    def text(self, text: str) -> str:
        """Return a text as the transmission says it."""
        if not self._literal or MARK not in text:
            return text
        name = self._name()
        self.shared[name] = text
        return f"{{{{{{{name}}}}}}}"

    def texts(self, texts: Sequence[str]) -> str:
        """Return what stands for the texts of all messages: one for each of them."""
        if texts.count(texts[0]) == len(texts):
            return self.text(texts[0])
        name = self._name()
        for own, text in zip(self.own, texts, strict=True):
            own[name] = text
        return f"{{{{{{{name}}}}}}}"

    def _name(self) -> str:
        self._names += 1
        return f"mailbridge_{self._names}"
