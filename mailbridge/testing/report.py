"""What a person reads when an assertion about mails fails.

First a sentence with what was wanted and what there is, then the nearest mail criterion by criterion, then the
other mails, then the sends that failed: often the reason why a mail is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mailbridge.redaction import mask
from mailbridge.testing.criteria.criterion import Finding
from mailbridge.testing.difference import nearness, told
from mailbridge.testing.matching import Match
from mailbridge.testing.sent import SentMail

__all__ = ["Report"]

_LISTED = 20
"""Mails that a list names one by one."""
_COMPARED = 8
"""Mails whose bodies are compared, to find the nearest."""


class Report:
    """The mails that an assertion looked at, and what can be said of them.

    Args:
        call: the assertion, as it was called.
        sent: the mails that it looked at.
        every: all mails, in order: those of a block may be some of them only.
        failed: those that were to be sent, and were not.
        notes: what their holder has to add, a line each.
    """

    def __init__(
        self,
        call: str,
        sent: Sequence[SentMail],
        every: Sequence[SentMail],
        failed: Sequence[SentMail] = (),
        notes: Iterable[str] = (),
    ) -> None:
        self._call = call
        self._sent = sent
        self._failed = failed
        self._notes = notes
        self._places = {id(mail): place for place, mail in enumerate(every)}

    def too_few(self, match: Match, wanted: int = 1, within: str = "") -> str:
        """Say that fewer mails match than were wanted, and how near the others come."""
        found = match.select(self._sent)
        there = set(map(id, found))
        rest = [mail for mail in self._sent if id(mail) not in there]
        lines = [f"{self._call}: {self._counted(len(found), wanted)}{within}.", *self._listed("What matches:", found)]
        if rest and match.criteria:
            nearest = _nearest(match, rest)
            lines += self._compared(match, nearest)
            rest = [mail for mail in rest if mail is not nearest]
        lines += self._listed("The others:", rest)
        return self._ended(lines, match)

    def too_many(self, match: Match, wanted: int, within: str = "", hint: str = "") -> str:
        """Say that more mails match than were wanted, and which."""
        found = match.select(self._sent)
        first = f"{self._call}: {self._counted(len(found), wanted)}{within}.{hint}"
        return "\n".join([first, *self._listed("What matches:", found), *self._notes])

    def plain(self, sentence: str, mails: Sequence[SentMail]) -> str:
        """Say a sentence, and name the mails that it is about."""
        return self._ended([f"{self._call}: {sentence}", *self._listed("", mails)], None)

    def _counted(self, found: int, wanted: int) -> str:
        if not self._sent:
            return "no mail was sent"
        said = f"{found or 'none'} of {len(self._sent)} mails {'match' if found > 1 else 'matches'}"
        if len(self._sent) == 1:
            said = "the only mail matches" if found else "the only mail does not match"
        if not found and wanted == 1:
            return said
        return f"{said}, and {wanted or 'none'} {'was' if wanted == 1 else 'were'} wanted"

    def _compared(self, match: Match, mail: SentMail) -> list[str]:
        findings = match.findings(mail)
        width = max(len(finding.place) for finding in findings)
        title = f"{'It is' if len(self._sent) == 1 else 'The nearest is'} {self._named(mail)}:"
        said = (line for each in findings for line in told(each, width=width, sensitive=mail.sensitive))
        return [title, *_indented(said)]

    def _listed(self, title: str, mails: Sequence[SentMail]) -> list[str]:
        lines = [self._named(mail) for mail in mails[:_LISTED]]
        if len(mails) > _LISTED:
            lines.append(f"… and {len(mails) - _LISTED} more")
        return [*([title] if title and lines else []), *_indented(lines)]

    def _named(self, mail: SentMail) -> str:
        place = self._places.get(id(mail))  # none, if its holder has dropped it since
        return _label(mail) if place is None else f"sent[{place}] {_label(mail)}"

    def _ended(self, lines: list[str], match: Match | None) -> str:
        if self._failed:
            lines.append("1 send failed:" if len(self._failed) == 1 else f"{len(self._failed)} sends failed:")
            lines += _indented(_failure(mail, match) for mail in self._failed[:_LISTED])
        return "\n".join([*lines, *self._notes])


def _label(mail: SentMail) -> str:
    """Name a mail in a few words."""
    subject = "<subject hidden>" if mail.sensitive else repr(mail.subject)
    people = ", ".join(each.addr_spec for each in mail.recipients[:3])
    more = f" and {len(mail.recipients) - 3} more" if len(mail.recipients) > 3 else ""
    return f"{subject} to {people}{more}" + ("" if mail.mailer == "default" else f" via {mail.mailer}")


def _nearest(match: Match, mails: Sequence[SentMail]) -> SentMail:
    """Return the mail that fulfils most criteria; among equals, the one that comes nearest in the others."""
    judged = [(mail, match.findings(mail)) for mail in mails]
    most = max(_fulfilled(findings) for _, findings in judged)
    equals = [(mail, findings) for mail, findings in judged if _fulfilled(findings) == most]
    # Bodies are long: they decide only among those that come nearest in all else.
    equals.sort(key=lambda each: sum(nearness(finding) for finding in each[1] if not finding.body), reverse=True)
    return max(equals[:_COMPARED], key=lambda each: sum(map(nearness, each[1])))[0]


def _fulfilled(findings: Sequence[Finding]) -> int:
    return sum(finding.fulfilled for finding in findings)


def _failure(mail: SentMail, match: Match | None) -> str:
    same = " (it would match)" if match is not None and match.criteria and _would_match(match, mail) else ""
    return f"{_label(mail)}{same}: {type(mail.error).__name__}: {mask(str(mail.error))}"


def _would_match(match: Match, mail: SentMail) -> bool:
    try:
        return match.matches(mail)
    except Exception:  # noqa: BLE001 - a test's callable may rely on what only a sent mail has, such as its receipt
        return False


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
