"""`Redirection`: one message as a Guard lets it pass, and its outcome as the caller is told it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mailbridge.errors import MailError
from mailbridge.message.address import Address
from mailbridge.message.message import Message
from mailbridge.receipt import RecipientStatus, Status
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.rules import Rules

ORIGINAL = "X-Original-Recipients"
"""The header that names who was redirected. Not `X-Original-To`: servers write that one themselves."""

_ROOM = 8000  # characters for the names in that header

# An empty line, whatever ends it and the line before: there the body begins.
_HEAD_END = re.compile(rb"(?:\A|(?<=\n)|(?<=\r)(?!\n))(?:\r\n|\r|\n)").search
_ADDRESSED = re.compile(rb"(?i)(?:resent-)?(?:to|cc|bcc)[ \t]*:").match


class Redirection:
    """What the rules make of one delivery: who stays, who is redirected, who gets nothing and why.

    `headers` says whether the transport can carry a header of ours.
    """

    __slots__ = ("_delivery", "_headers", "_rules", "kept", "moved", "suppressed")

    def __init__(self, delivery: Delivery, rules: Rules, *, headers: bool) -> None:
        self._delivery = delivery
        self._rules = rules
        self._headers = headers
        self.kept: dict[str, Address] = {}
        self.moved: dict[str, Address] = {}
        self.suppressed: dict[str, str] = {}
        for to in delivery.envelope.recipients:
            if reason := rules.suppressed(to):
                self.suppressed[to.addr_spec] = reason
            elif rules.stays(to):
                self.kept[to.addr_spec] = to
            else:
                self.moved[to.addr_spec] = to

    @property
    def reaches_nobody(self) -> bool:
        """Whether there is nobody left to send to."""
        return not (self.kept or self.moved)

    def delivery(self) -> Delivery:
        """Return the delivery that travels."""
        changed = self._delivery.changed(self._message())
        changed.envelope = self._delivery.envelope._copy(recipients=self._recipients())
        return changed

    def told(self, outcome: Outcome) -> Outcome:
        """Return the outcome of the delivery that travelled as that of the original one."""
        rows = self.rows(outcome.recipients)
        if not isinstance(outcome, MailError):
            return outcome._copy(recipients=rows)
        outcome.recipients = {**rows}
        return outcome

    def rows(self, answered: Mapping[str, Any]) -> dict[str, RecipientStatus]:
        """Return the fate of each original recipient, from the fates of those it was sent to."""
        moved = self._moved_row(answered) if self.moved else None
        rows: dict[str, RecipientStatus] = {}
        for to in self._delivery.envelope.recipients:
            address = to.addr_spec
            if reason := self.suppressed.get(address):
                rows[address] = RecipientStatus(Status.SUPPRESSED, text=reason)
            elif (row := answered.get(address) if address in self.kept else moved) is not None:
                rows[address] = row
        return rows

    def _moved_row(self, answered: Mapping[str, Any]) -> RecipientStatus | None:
        """Return the row of those redirected: the best that a redirect address got."""
        targets = {target.key: target.addr_spec for target in self._rules.redirect}
        rows = [row for to in self._recipients() if to.key in targets and (row := answered.get(to.addr_spec))]
        if not rows:
            return None
        best: RecipientStatus = next((row for row in rows if row.status is Status.ACCEPTED), rows[0])
        return best._replace(text=f"redirected to {', '.join(targets.values())}: {best.text}".removesuffix(": "))

    def _recipients(self) -> tuple[Address, ...]:
        """Return those it is sent to, each mailbox once."""
        found: dict[str, Address] = {}
        for to in (*self.kept.values(), *self._targets):
            found.setdefault(to.key, to)
        return tuple(found.values())

    @property
    def _targets(self) -> tuple[Address, ...]:
        return self._rules.redirect if self.moved else ()

    def _message(self) -> Message:
        message = self._delivery.message
        stays = self._rules.stays
        to = (*filter(stays, message.to), *self._targets)
        cc = tuple(filter(stays, message.cc))
        changes: dict[str, Any] = {"to": to or None, "cc": cc or None, "bcc": tuple(filter(stays, message.bcc)) or None}
        if "envelope" in message.__dict__:
            changes["envelope"] = message.envelope._copy(recipients=self._recipients())
        for name in ("merge_data", "merge_headers", "merge_metadata"):
            if given := getattr(message, name):
                changes[name] = self._following(given)
        originals = self._originals()
        if self.moved and message.raw is not None:
            changes["raw"] = _readdressed(message.raw, to, cc, originals)
        elif originals and self._headers:
            changes["headers"] = (*message.headers, (ORIGINAL, originals))
        return message.replace(**changes)

    def _following(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return per-recipient data for those who get the message.

        A target gets the data of the first recipient redirected to it: one message cannot hold more.
        """
        found = {to.key: given[to.key] for to in self.kept.values() if to.key in given}
        moved = next((given[to.key] for to in self.moved.values() if to.key in given), None)
        if moved is not None:
            for target in self._targets:
                found.setdefault(target.key, moved)
        return found

    def _originals(self) -> str:
        """Name who was redirected, except blind recipients when others than the targets read it."""
        message = self._delivery.message
        visible = {to.key for to in (*message.to, *message.cc)}
        named = [to.addr_spec for to in self.moved.values() if not self.kept or to.key in visible]
        shown = list(named)
        while sum(map(len, shown)) + 2 * len(shown) > _ROOM:
            del shown[len(shown) // 2 :]
        more = f" and {len(named) - len(shown)} more" if len(shown) < len(named) else ""
        return ", ".join(shown) + more


def _readdressed(raw: bytes, to: Iterable[Address], cc: Iterable[Address], originals: str) -> bytes:
    """Replace the address fields of a message that was rendered elsewhere."""
    ours = {"To": ", ".join(each.wire for each in to), "Cc": ", ".join(each.wire for each in cc), ORIGINAL: originals}
    kept = [f"{name}: {value}\r\n".encode() for name, value in ours.items() if value]
    end = found.start() if (found := _HEAD_END(raw)) else len(raw)
    addressed = False
    for line in raw[:end].splitlines(keepends=True):
        if not line.startswith((b" ", b"\t")):
            addressed = _ADDRESSED(line) is not None
        if not addressed:
            kept.append(line)
    return b"".join((*kept, raw[end:]))
