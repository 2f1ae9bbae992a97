"""What a peer really did with each message, held against what the sender was told."""

from __future__ import annotations

import re
from collections.abc import Sequence

from support.peer import Peer, Submission

from mailbridge.errors import MailError, OutcomeUnknown
from mailbridge.receipt import Receipt, Status

_NUMBER = re.compile(rb"(?im)^subject: number (\d+)\.")


def submissions(peer: Peer) -> dict[int, list[Submission]]:
    """Return what arrived, by the number in the subject."""
    found: dict[int, list[Submission]] = {}
    for one in peer.messages:
        if not one.recipients and not one.data:
            continue  # a server that had wanted content for nobody
        match = _NUMBER.search(one.data)
        assert match is not None, one
        found.setdefault(int(match[1]), []).append(one)
    return found


def agree(peer: Peer, outcomes: Sequence[Receipt | MailError], count: int) -> None:
    """Check that every message has one outcome, in order, and that each is what the peer did.

    For each recipient: one that is said to be accepted was accepted exactly once, one in doubt was
    handed over once at most, any other was never accepted. Nothing is submitted twice, unless the
    first time was refused by 421.
    """
    assert len(outcomes) == count
    arrived = submissions(peer)
    assert set(arrived) <= set(range(count))
    for number, outcome in enumerate(outcomes):
        copies = arrived.get(number, [])
        names = {address for one in copies for address in one.recipients}
        if isinstance(outcome, Receipt) or outcome.recipients:
            assert f"u{number}@example.org" in outcome.recipients, "outcomes come in the order of the messages"
            assert names <= set(outcome.recipients)
        for name in names | set(outcome.recipients):
            _agree(_status(outcome, name), [one for one in copies if name in one.recipients])


def _agree(status: Status, copies: list[Submission]) -> None:
    accepted = [one for one in copies if one.accepted]
    again = [one for one in copies if one.codes == [421]]
    assert len(copies) - len(again) <= 1, (status, copies)
    assert len(again) <= 2, (status, copies)
    if status is Status.ACCEPTED:
        assert len(accepted) == 1, (status, copies)
    elif status is not Status.UNKNOWN:
        assert not accepted, (status, copies)


def _status(outcome: Receipt | MailError, name: str) -> Status:
    row = outcome.recipients.get(name)
    if row is not None and (isinstance(outcome, (Receipt, OutcomeUnknown))):
        return row.status  # type: ignore[no-any-return]
    return Status.UNKNOWN if isinstance(outcome, OutcomeUnknown) else Status.REFUSED
