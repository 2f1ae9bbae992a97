"""Addresses as Django's messages have them, read as Addresses.

Django takes more spellings than mailbridge does: encoded words in names (what `email.utils.formataddr`
writes), comments, lazy strings, `email.headerregistry.Address`. They are read by Python's own parser
where mailbridge's does not take them, and refused by the rule of Django's SMTP backend: one mailbox, no
defects.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.headerregistry import AddressHeader
from typing import Any

from mailbridge import Address, MessageInvalid


def one(value: Any, field: str) -> Address:
    """Return one mailbox. Raises MessageInvalid (a ValueError) that says "Invalid address"."""
    text = str(value)
    found = several(text, field)
    if len(found) != 1:
        raise _invalid(text, field, "must be a single address")
    return found[0]


def each(values: Iterable[Any], field: str) -> tuple[Address, ...]:
    """Return the mailbox of every value; empty ones are left out, as Django leaves them out."""
    return tuple([one(value, field) for value in values if value])


def several(value: Any, field: str) -> tuple[Address, ...]:
    """Return the mailboxes of a whole header, such as one of the message's `headers`."""
    text = str(value)
    if "=?" not in text:
        try:
            return (Address.parse(text),)
        except MessageInvalid as error:
            reason = error
    else:
        reason = None
    try:
        parsed = AddressHeader.value_parser(text)
        groups = any(each[0].token_type in ("group",) for each in parsed.addresses)
    except Exception as error:  # Python's parser stumbles in many ways, over "@[ " by UnboundLocalError
        raise _invalid(text, field, "it cannot be parsed") from error
    if groups:
        raise _invalid(text, field, "a group cannot be written to") from reason
    if parsed.all_defects or not parsed.all_mailboxes:
        raise _invalid(text, field, "; ".join(map(str, parsed.all_defects)) or "there is none") from reason
    try:
        return tuple([Address(each.addr_spec, each.display_name or "") for each in parsed.all_mailboxes])
    except MessageInvalid as error:
        raise _invalid(text, field, error.text) from error


def _invalid(text: str, field: str, why: str) -> MessageInvalid:
    return MessageInvalid(f"Invalid address {text!r}: {why.rstrip('.')}.", field=field)
