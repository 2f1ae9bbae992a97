"""`Match`: what a test asks of a mail, by keywords."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Unpack, cast

from mailbridge.testing.criteria import Criteria
from mailbridge.testing.criteria.criterion import Finding
from mailbridge.testing.criteria.keywords import KEYWORDS
from mailbridge.testing.criteria.wanted import shown
from mailbridge.testing.sent import SentMail

__all__ = ["Match"]

_OTHERS_SAY = {
    "recipient": "to", "recipients": "to", "sender": "from_", "from": "from_", "author": "from_", "body": "text",
    "content": "text", "headers": "header", "tags": "tag", "attachments": "attachment", "file": "attachment",
    "mailer": "backend", "transport": "backend", "via": "backend", "predicate": "where", "title": "subject",
    "template_id": "template", "count": "times",
}  # fmt: skip
"""What keywords are called elsewhere, so differently that the spelling leads nowhere."""


class Match:
    """Criteria for mails; a mail matches when it fulfils all of them.

    A str is exact for addresses (with a name or without, in any case of letters), the subject, header fields,
    tags and file names, and has to be contained in `text` and `html`. Instead of a str there may be a compiled
    pattern, which is searched for, a callable, which says yes or no, or any object that is equal
    (`unittest.mock.ANY`). None means: there is none.

    Args:
        to, cc, bcc, from_: one that has to be among them; a list, tuple or set are exactly these, in any order.
        subject, text, html: `html` is looked at both as it is and as a reader sees it.
        header: fields by name, in any case of letters.
        tag: as addresses are: one of them, or exactly these.
        metadata: some of it.
        template: the id, or a `Template`.
        backend: the name of the mailer, or the transport that it used (`smtp`, `sendgrid`).
        attachment: a file by its name, an `Attachment` that is equal, or a callable that is given one; a list is all.
        where: a callable that is given the `SentMail`; it may use `assert`.

    Raises TypeError for other keywords, naming the nearest, and for values that nothing can match; ValueError for
    an address that is none.

    >>> from mailbridge import Message
    >>> mail = SentMail(Message(from_="app@example.com", to="Ann <ann@example.org>", subject="Hi", text="Hello, Ann"))
    >>> Match(to="ann@example.org", text="Hello").matches(mail)
    True
    """

    def __init__(self, **criteria: Unpack[Criteria]) -> None:
        given = cast("dict[str, Any]", criteria)
        for keyword in given:
            if keyword not in KEYWORDS:
                raise TypeError(_unknown(keyword))
        self.criteria = given
        self._each = [read(given[keyword]) for keyword, read in KEYWORDS.items() if keyword in given]

    def findings(self, sent: SentMail) -> list[Finding]:
        """Return what each criterion found in a mail, fulfilled or not."""
        return [finding for criterion in self._each for finding in criterion(sent)]

    def differences(self, sent: SentMail) -> list[Finding]:
        """Return the findings that are not what was wanted; none when the mail matches."""
        return [finding for finding in self.findings(sent) if not finding.fulfilled]

    def matches(self, sent: SentMail) -> bool:
        """Whether a mail fulfils every criterion."""
        return not self.differences(sent)

    def select(self, sents: Iterable[SentMail]) -> list[SentMail]:
        """Return the mails that match, in their order."""
        return [sent for sent in sents if self.matches(sent)]

    def __str__(self) -> str:
        return ", ".join(f"{keyword}={shown(wanted)}" for keyword, wanted in self.criteria.items())

    def __repr__(self) -> str:
        return f"Match({self})"


def _unknown(keyword: str) -> str:
    near = get_close_matches(keyword.lower(), [*KEYWORDS, "times", "timeout"], n=1)
    instead = _OTHERS_SAY.get(keyword.lower()) or (near[0] if near else "")
    hint = f"did you mean {instead!r}?" if instead else f"there are {', '.join(KEYWORDS)}."
    return f"a mail is not matched by {keyword!r}; {hint}"
