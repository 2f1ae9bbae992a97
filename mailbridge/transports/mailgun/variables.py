"""Variables: what differs between the recipients of one call.

A call with `recipient-variables` gives each address in `to` a message of its own, in which Mailgun
replaces `%recipient.name%`. What all messages of a call have in common is said plainly; for the rest
stands such a placeholder, in metadata as `%recipient.v:name%` and in headers as `%recipient.h:Name%`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from mailbridge.extend import Message, MessageInvalid, text_of
from mailbridge.transports.mailgun.form import Fields, headers, needs_mime

_NAME = re.compile(r"[A-Za-z0-9_.-]+").fullmatch
Variables = dict[str, dict[str, Any]]


class Varied:
    """The fields of a call for several messages, and the variables that they refer to by address."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.fields: Fields = []
        self.variables: Variables = {message.to[0].wire: {} for message in messages}
        if len(self.variables) < len(messages):  # the call is made again in halves
            raise MessageInvalid("to: Mailgun takes an address once in a call.", field="to")
        self._merge(messages)
        self._add("h:", [dict(headers(message)) for message in messages])
        self._add("v:", [{name: text_of(value) for name, value in each.metadata.items()} for each in messages])

    def _merge(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.variables[message.to[0].wire] |= scalars(message)
        if messages[0].template is not None:
            # A template sees custom data, not the recipient's variables.
            self.fields += [(f"v:{name}", f"%recipient.{name}%") for name in messages[0].merge_global]

    def _add(self, prefix: str, rows: Sequence[Mapping[str, str]]) -> None:
        """Say what is the same in all rows, and vary the rest; all have the same names."""
        for name in rows[0]:
            values = [row[name] for row in rows]
            if values.count(values[0]) == len(values):
                self.fields.append((prefix + name, values[0]))
                continue
            self.fields.append((prefix + name, f"%recipient.{prefix}{name}%"))
            for own, value in zip(self.variables.values(), values, strict=True):
                own[prefix + name] = value


def can_vary(message: Message) -> bool:
    """Whether what is particular to the message can be said by variables.

    With cc or bcc it cannot: what Mailgun fills into their copies is not documented.
    """
    if len(message.to) != 1 or message.cc or message.bcc or needs_mime(message):
        return False
    names = [*message.merge_global, *message.metadata, *(name for name, _ in headers(message))]
    if not all(map(_NAME, names)):
        return False
    if message.template is None:
        return True
    nested = any(isinstance(value, dict | list | tuple) for value in message.merge_global.values())
    return not nested and message.merge_global.keys().isdisjoint(message.metadata)


def names(message: Message) -> Hashable:
    """Return the names of what may vary: a variable that one recipient lacks would stand in his message."""
    return (
        frozenset(message.merge_global),
        frozenset(message.metadata),
        tuple([name for name, _ in headers(message)]),
    )


def for_everybody(message: Message) -> Variables:
    """Return the merge data of one message for each of its recipients: they all get the same."""
    return {each.wire: scalars(message) for each in message.envelope.recipients}


def scalars(message: Message) -> dict[str, Any]:
    """Return merge data for placeholders in texts; a template may have more than text and numbers for itself.

    Raises MessageInvalid for other values where there is no template.
    """
    found: dict[str, Any] = {}
    for name, value in message.merge_global.items():
        if not isinstance(value, dict | list | tuple):
            found[name] = text_of(value)
        elif message.template is None:
            raise MessageInvalid(
                f"merge_global.{name}: without a template Mailgun takes text and numbers only.", field="merge_global"
            )
    return found
