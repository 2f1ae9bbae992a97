"""The header of a message: its fields, and what they say in the terms of `Message`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from mailbridge.errors import MessageInvalid
from mailbridge.message.header_names import FIELDS
from mailbridge.message.parse import words
from mailbridge.message.parse.loss import Loss
from mailbridge.message.parse.mailboxes import mailboxes

if TYPE_CHECKING:
    from datetime import datetime

# An empty line, whatever ends it; atomic, or the halves of one CRLF would count as two line ends.
_HEAD_END = re.compile(rb"(?:\A|(?>\r\n|\r|\n))(?>\r\n|\r|\n)").search
_NAME = re.compile(r"([!-9;-~]+)([ \t]*):(.*)", re.DOTALL).fullmatch
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
_IDS = re.compile(r"<[^<>\s]+>(?: *<[^<>\s]+>)*").fullmatch
_LINKS = re.compile(r"<[^<>\s]+>(?: *, *<[^<>\s]+>)*").fullmatch
_DATE = re.compile(
    r"(?:[A-Za-z]{3}, *)?(\d{1,2}) +([A-Za-z]{3}) +(\d{4}) +(\d\d):(\d\d)(?::(\d\d))? +"
    r"(?:([+-])(\d\d)(\d\d)|GMT|UT)(?: *\([^()]*\))?"
).fullmatch
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Field(NamedTuple):
    """One field of a header: its name as spelt, its value unfolded but not decoded."""

    name: str
    value: str


def split(raw: bytes) -> tuple[list[Field], bytes]:
    """Split a message into the fields of its header and its body.

    Raises MessageInvalid for lines that are no fields, and for control characters.
    """
    found = _HEAD_END(raw)
    head, body = (raw[: found.start()], raw[found.end() :]) if found else (raw, b"")
    unfolded: list[str] = []
    for line in head.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line[:1] in (" ", "\t") and unfolded:
            unfolded[-1] += line
        elif line:
            unfolded.append(line)
    return [_field(number, line) for number, line in enumerate(unfolded, 1)], body


def _field(number: int, line: str) -> Field:
    match = _NAME(line)
    if not match:
        raise MessageInvalid(f"Field {number} of the message's header has no name.", field="raw")
    if bad := _CONTROL(match[3]):
        raise MessageInvalid(
            f"The header {match[1][:80]} contains the control character U+{ord(bad[0]):04X}.", field="raw"
        )
    return Field(match[1], match[3].strip(" \t").replace("\t", " "))


def said(header: list[Field]) -> dict[str, Any]:
    """Return what a header says as arguments of `Message`; what describes the body is left out.

    Raises Loss where that would not be all, and MessageInvalid for values that `Message` refuses too.
    """
    arguments: dict[str, Any] = {}
    others: list[tuple[str, str]] = []
    for name, value in header:
        low = name.lower()
        if not value.isprintable() and any("\udc80" <= each <= "\udcff" for each in value):
            raise Loss(f"a header {name} that is not UTF-8")
        if low == "mime-version" or low.startswith("content-"):
            continue
        field = FIELDS.get(low)
        if field is None:
            others.append((name, words.text(value)))
        elif field in arguments or field not in _READERS:
            raise Loss(f"a header {name} that is repeated, or of servers")
        else:
            arguments[field] = _READERS[field](value, field)
    return {**arguments, "headers": others} if others else arguments


def _mailboxes(value: str, field: str) -> Any:
    found, lost = mailboxes(value, field)
    if lost or not found:
        raise Loss(f"a group or a comment in {field}")
    return found


def _mailbox(value: str, field: str) -> Any:
    found = _mailboxes(value, field)
    if len(found) > 1:
        raise Loss(f"several mailboxes in {field}")
    return found[0]


def moment(value: str, field: str) -> datetime:
    """Read a date; one in UTC that hides its zone (-0000, RFC 5322 3.3) is in UTC. Raises Loss."""
    from datetime import datetime, timedelta, timezone

    match = _DATE(value)
    if not match or match[2].lower() not in _MONTHS:
        raise Loss(f"an unusual {field}")
    day, _, year, hour, minute, second, sign, hours, minutes = match.groups("0")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    try:
        zone = timezone(-offset if sign == "-" else offset)
        month = _MONTHS.index(match[2].lower()) + 1
        return datetime(int(year), month, int(day), int(hour), int(minute), int(second), tzinfo=zone)
    except ValueError:
        raise Loss(f"an impossible {field}") from None


def _ids(value: str, field: str) -> list[str]:
    if not _IDS(value):
        raise Loss(f"words between the ids of {field}")
    return re.findall(r"<[^<>]+>", value)


def _id(value: str, field: str) -> str:
    found = _ids(value, field)
    if len(found) > 1:
        raise Loss(f"several ids in {field}")
    return found[0]


def _links(value: str, field: str) -> list[str]:
    if not _LINKS(value):
        raise Loss(f"an unusual {field}")
    return re.findall(r"<([^<>]+)>", value)


def _one_click(value: str, field: str) -> bool:
    if value.lower() != "list-unsubscribe=one-click":
        raise Loss(f"an unusual {field}")
    return True


_READERS: dict[str, Callable[[str, str], Any]] = {
    "from_": _mailboxes,
    "to": _mailboxes,
    "cc": _mailboxes,
    "bcc": _mailboxes,
    "reply_to": _mailboxes,
    "sender": _mailbox,
    "subject": lambda value, field: words.text(value),
    "date": moment,
    "message_id": _id,
    "in_reply_to": _id,
    "references": _ids,
    "list_unsubscribe": _links,
    "list_unsubscribe_post": _one_click,
}
