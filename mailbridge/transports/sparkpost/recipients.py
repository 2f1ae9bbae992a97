"""Recipients: whom a transmission is for, with what is meant for each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mailbridge.extend import Message, MessageInvalid, distinct, wire_forms

# https://developers.sparkpost.com/api/template-language/ (2026-11-22)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_RESERVED = frozenset({
    "address", "and", "break", "do", "each", "else", "elseif", "email", "email_id", "end", "env_from", "false", "for",
    "function", "if", "local", "nil", "not", "or", "return", "return_path", "then", "true", "until", "while",
})  # fmt: skip


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


def merge_of(message: Message) -> Mapping[str, Any]:
    """Return the merge data of a message. Raises MessageInvalid for a name that no placeholder can have."""
    for name in message.merge_global:
        if not _NAME(name) or name in _RESERVED:
            raise MessageInvalid(
                f"merge_global: {name!r} cannot be a placeholder of SparkPost's; take letters, digits and _, and none "
                "of the words that it reserves.",
                field="merge_global",
            )
    return message.merge_global
