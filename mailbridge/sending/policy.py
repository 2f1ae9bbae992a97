"""`Policy`: a transport made of other transports."""

from __future__ import annotations

from copy import copy
from typing import Self

from mailbridge.errors import ConfigError, MailError
from mailbridge.flow.operations import Flow
from mailbridge.sending.transport import Reach, Transport, Verification

_FARTHER: tuple[Reach, ...] = ("nobody", "machine", "others")


class Policy(Transport):
    """A transport made of other transports, its `members`.

    It prints as it would be written in a DSN, `failover(smtp://a, smtp://b)`, and has the features, the
    lanes and the keys of its first member unless the policy says otherwise.
    """

    def __init__(self, *members: Transport) -> None:
        if not members:
            raise ConfigError(f"{self.name}() holds no transport.", hints=(f"Write {self.name}(smtp://host).",))
        self.members = members
        self.features = members[0].features
        self.lanes = members[0].lanes
        self.keyed = members[0].keyed
        self.reach = max((member.reach for member in members), key=_FARTHER.index)

    def over(self, *members: Transport) -> Self:
        """Return the same policy over other members, remembering nothing of what happened.

        For tests that put something in the place of each member. A class takes part by a definition of its own,
        be it `over = Policy.over` where its members are nowhere but in `members`.
        """
        made = copy(self)
        made.members = members
        return made

    def verify(self) -> Flow[Verification]:
        """Verify every member; raise the first error, once all were asked."""
        found: list[Verification] = []
        errors: list[MailError] = []
        for member in self.members:
            try:
                found.append((yield from member.verify()))
            except MailError as error:
                error.transport = error.transport or str(member)
                errors.append(error)
        if errors:
            raise with_others(errors[0], errors[1:])
        return Verification(
            transport=str(self),
            text=" ".join(each.text for each in found),
            details={each.transport: each.details for each in found},
        )

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.members))})"


def with_others(error: MailError, others: list[MailError]) -> MailError:
    """Add to an error, as hints, what went wrong with the other members."""
    error.hints += tuple(f"{other.transport} failed too: {other.text}" for other in others)
    return error
