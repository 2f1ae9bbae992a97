"""Features said in plain headers, for a transport that has these but not the feature.

list_unsubscribe   List-Unsubscribe, List-Unsubscribe-Post
threading          In-Reply-To, References
priority           X-Priority, Importance
tags               X-Tag, one for each
metadata           X-Metadata, a JSON object

Not here: what a server writes or checks itself (Date, Message-ID, Sender), and what no reader of the
header would act on (tracking, sending later).
"""

from __future__ import annotations

from collections.abc import Collection
from json import dumps

from mailbridge.message.message import Message
from mailbridge.message.text import header_text

EMULATED = frozenset({"list_unsubscribe", "metadata", "priority", "tags", "threading"})
"""What headers can say. All but tags and metadata are standards that mail programs act on."""

_FIELDS = {
    "list_unsubscribe": ("list_unsubscribe", "list_unsubscribe_post"),
    "priority": ("priority",),
    "threading": ("in_reply_to", "references"),
}


def emulated(message: Message, lacking: Collection[str]) -> Message:
    """Return the message with headers in place of the features that are lacking, all of them in EMULATED.

    Raises MessageInvalid for metadata too long for a header.
    """
    from mailbridge.sending.http.contents import header_pairs

    fields = [field for feature in lacking for field in _FIELDS.get(feature, ())]
    pairs = header_pairs(_only(message, {"headers", *fields}))
    if "tags" in lacking:
        pairs += [("X-Tag", tag) for tag in message.tags]
    if "metadata" in lacking and message.metadata:
        pairs.append(("X-Metadata", header_text(dumps(message.metadata), "metadata")))
    changed = message._copy(headers=tuple(pairs))
    for field in (*fields, *lacking):
        changed.__dict__.pop(field, None)
    return changed


def _only(message: Message, fields: Collection[str]) -> Message:
    """Return a message that has nothing but these fields."""
    part: Message = object.__new__(Message)
    part.__dict__.update({name: value for name, value in list(message.__dict__.items()) if name in fields})
    return part
