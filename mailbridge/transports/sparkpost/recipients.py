"""Recipients: whom a transmission is for, with what is meant for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailbridge.extend import Message, distinct, wire_forms


def recipients_of(message: Message) -> list[dict[str, Any]]:
    """Return everybody who gets a message; to each, To shows all who stand there."""
    found = distinct(message)
    everybody = [each for field in found.values() for each in field]
    if len(everybody) == 1:
        (one,) = everybody
        return [{"address": {"email": one.wire, "name": one.name} if one.name else {"email": one.wire}}]
    shown = wire_forms(found["to"])
    return [{"address": {"email": each.wire, "header_to": shown}} for each in everybody]


def data_of(merge: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return what goes into the texts and what events bring back, where there is any; for one recipient or for all."""
    said = {"substitution_data": merge, "metadata": metadata}
    return {name: value for name, value in said.items() if value}
