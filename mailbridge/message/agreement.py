"""What must hold between the fields of a message."""

from __future__ import annotations

import re
from typing import Any

from mailbridge.errors import MessageInvalid

_RENDERED = ("text", "html", "amp", "calendar", "alternatives", "attachments", "headers", "template")


def agree(fields: dict[str, Any]) -> None:
    """Check the stored fields of a message against each other, and settle those that follow from others.

    Raises MessageInvalid naming a field.
    """
    if "from_" not in fields:
        raise MessageInvalid(
            "from_ is missing; a message needs an author.",
            field="from_",
            hints=["Give one, or make the message by Mailer.message(…), which takes default_from."],
        )
    if not (fields.get("to") or fields.get("cc") or fields.get("bcc") or "envelope" in fields):
        raise MessageInvalid("The message has no recipients; give at least one in to, cc or bcc.", field="to")
    if fields["from_"].__class__ is tuple:
        fields["from_"], *others = fields["from_"]
        fields["also_from"] = tuple(others)
    if not _RELATED.isdisjoint(fields):
        for name, check in _CHECKS.items():
            if fields.get(name):
                check(fields)


def _authors(fields: dict[str, Any]) -> None:
    if "sender" not in fields:
        raise MessageInvalid(
            "Several authors in from_ need a sender, the one who really sends it (RFC 5322 3.6.2).", field="sender"
        )


def _calendar(fields: dict[str, Any]) -> None:
    found = re.search(r"(?im)^METHOD:([A-Z-]{1,40})\r?$", fields["calendar"])
    said = found[1].upper() if found else None
    method = fields.get("method", said or "REQUEST").upper()
    if said and said != method:  # RFC 6047 2.4: the parameter and the property are the same
        raise MessageInvalid(f"method is {method} but the calendar says METHOD:{said}.", field="method")
    fields["method"] = method


def _method(fields: dict[str, Any]) -> None:
    if not fields.get("calendar"):
        raise MessageInvalid("method belongs to a calendar, and there is none.", field="method")


def _one_click(fields: dict[str, Any]) -> None:
    if not any(link[:6].lower() == "https:" for link in fields.get("list_unsubscribe", ())):
        raise MessageInvalid(
            "list_unsubscribe_post needs an https: URL in list_unsubscribe (RFC 8058 3.1).",
            field="list_unsubscribe_post",
        )


def _content_ids(fields: dict[str, Any]) -> None:
    seen: dict[str, Any] = {}
    for each in fields["attachments"]:
        if each.content_id and seen.setdefault(each.content_id, each) != each:
            raise MessageInvalid(
                f"attachments: two files have the content id {each.content_id}; cid: must mean one.",
                field="attachments",
            )


def _raw(fields: dict[str, Any]) -> None:
    for name in _RENDERED:
        if fields.get(name):
            raise MessageInvalid(f"raw is sent as it is, so {name} cannot be given beside it.", field=name)


_CHECKS = {
    "also_from": _authors,
    "calendar": _calendar,
    "method": _method,
    "list_unsubscribe_post": _one_click,
    "attachments": _content_ids,
    "raw": _raw,
}
_RELATED = frozenset(_CHECKS)
