"""How each argument of `Message` is checked and stored.

One function for each kind of argument, `(value, field) -> what is stored`, and one table that says
which argument is of which kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, NoReturn

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address, address, addresses
from mailbridge.message.alternative import Alternative
from mailbridge.message.attachment import Attachment
from mailbridge.message.blind import without_bcc
from mailbridge.message.envelope import Envelope
from mailbridge.message.frozen import FrozenDict, frozen
from mailbridge.message.header_names import header_name
from mailbridge.message.template import Template
from mailbridge.message.text import LIMIT, body_text, header_text, octets, plain, shown

if TYPE_CHECKING:
    from datetime import datetime

NULL_SENDER = "<>"

_MESSAGE_ID = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+").fullmatch
_UNSUBSCRIBE = re.compile(r"(?i:mailto|https?):[!-;=?-~]+").fullmatch
_TOKEN = re.compile(r"[!-~]{1,255}").fullmatch


def _authors(value: Any, field: str) -> Address | tuple[Address, ...]:
    if isinstance(value, str):
        return address(value, field)
    found = addresses(value, field)
    if not found:
        raise MessageInvalid("from_ is empty; a message needs an author.", field=field)
    return found[0] if len(found) == 1 else found


def _bounces(value: Any, field: str) -> Address | str:
    return NULL_SENDER if value == NULL_SENDER else address(value, field)


def _flag(value: Any, field: str) -> bool:
    if not isinstance(value, bool):
        raise MessageInvalid(f"{field} must be True or False, not {shown(value)}.", field=field)
    return value


def _choice(*allowed: str) -> Callable[[Any, str], str]:
    def read(value: Any, field: str) -> str:
        if value not in allowed:
            raise MessageInvalid(f"{field} must be one of {', '.join(allowed)}, not {shown(value)}.", field=field)
        return plain(value, field)

    return read


def _several(value: Any, field: str, kind: type = NoneType) -> Iterable[Any]:
    """Return several of a kind; a single one counts too."""
    if isinstance(value, kind):
        return (value,)
    if isinstance(value, list | tuple):  # nearly always; asking for Iterable is dear
        return value
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        return value
    raise MessageInvalid(f"{field} must be a list, not {type(value).__name__}.", field=field)


def _name(value: Any, field: str) -> str:
    text = header_text(value, field, 255)
    if not text.strip():
        raise MessageInvalid(f"{field} is empty.", field=field)
    return text


def _tags(value: Any, field: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([_name(each, field) for each in _several(value, field, str)]))


def _token(value: Any, field: str) -> str:
    if not isinstance(value, str) or not _TOKEN(value):
        raise MessageInvalid(f"{field} must be 1 to 255 printable ASCII characters without spaces.", field=field)
    return plain(value, field)


def _message_id(value: Any, field: str) -> str:
    bare = value[1:-1] if isinstance(value, str) and value[:1] == "<" and value[-1:] == ">" else value
    # It cannot be folded, so it must fit into one line (RFC 5322 2.1.1).
    if not isinstance(bare, str) or len(bare) > 900 or not _MESSAGE_ID(bare):
        raise MessageInvalid(f"{field}: {shown(value)} is not a message id such as <id@example.com>.", field=field)
    return f"<{bare}>"


def _message_ids(value: Any, field: str) -> tuple[str, ...]:
    found = tuple([_message_id(each, field) for each in _several(value, field, str)])
    if sum(map(len, found)) > LIMIT:
        raise MessageInvalid(
            f"{field} has more than {LIMIT} characters; keep the first id and the last ones.", field=field
        )
    return found


def _unsubscribe(value: Any, field: str) -> tuple[str, ...]:
    links = tuple([header_text(each, field, 2000) for each in _several(value, field, str)])
    for link in links:
        if not _UNSUBSCRIBE(link):
            raise MessageInvalid(f"{field}: {shown(link)} is not an https: or mailto: URL.", field=field)
    return links


def _moment(value: Any, field: str) -> datetime:
    from datetime import UTC, datetime, timezone

    if not isinstance(value, datetime):
        raise MessageInvalid(f"{field} must be a datetime, not {type(value).__name__}.", field=field)
    offset = value.utcoffset()
    if offset is None:
        raise MessageInvalid(f"{field} has no time zone; give an aware datetime.", field=field)
    if value.year < 1900:  # RFC 5322 3.3
        raise MessageInvalid(f"{field} is before 1900.", field=field)
    # A fixed offset of whole minutes, so that the value compares, pickles and prints the same everywhere.
    zone = timezone(offset) if offset and not offset.seconds % 60 and not offset.microseconds else UTC
    there = value.astimezone(zone)
    return datetime.combine(there.date(), there.time(), zone)


def _alternatives(value: Any, field: str) -> tuple[Alternative, ...]:
    return tuple(
        [
            each if isinstance(each, Alternative) else Alternative(*_pair(each, field))
            for each in _several(value, field, Alternative)
        ]
    )


def _attachments(value: Any, field: str) -> tuple[Attachment, ...]:
    if isinstance(value, str) or hasattr(value, "__fspath__"):
        value = (value,)
    found = tuple(_several(value, field, Attachment))
    for each in found:
        if not isinstance(each, Attachment):
            raise MessageInvalid(
                f"attachments: {type(each).__name__} is not an Attachment; make one with Attachment(content, "
                f"filename) or Attachment.from_path(path, root=…).",
                field=field,
            )
    return found


def _envelope(value: Any, field: str) -> Envelope:
    if not isinstance(value, Envelope):
        raise MessageInvalid(f"envelope must be an Envelope, not {type(value).__name__}.", field=field)
    return value


def _headers(value: Any, field: str) -> tuple[tuple[str, str], ...]:
    return _pairs(value, field, by_recipient=False)


def _pairs(value: Any, field: str, *, by_recipient: bool) -> tuple[tuple[str, str], ...]:
    rows = value.items() if isinstance(value, Mapping) else [_pair(each, field) for each in _several(value, field)]
    return tuple(
        [
            (header_name(name, field, by_recipient=by_recipient), header_text(each, f"{field}[{name}]"))
            for name, content in rows
            for each in (content if isinstance(content, list | tuple) else (content,))
        ]
    )


def _pair(value: Any, field: str) -> tuple[Any, Any]:
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise MessageInvalid(f"{field}: {type(value).__name__} is not a pair.", field=field)
    return value[0], value[1]


def _metadata(value: Any, field: str) -> FrozenDict:
    if not isinstance(value, Mapping):
        raise MessageInvalid(f"{field} must be a mapping, not {type(value).__name__}.", field=field)
    found = {}
    for name, item in value.items():
        if not isinstance(item, str | int | float):
            raise MessageInvalid(f"{field}.{name} must be text, a number or a boolean.", field=field)
        key = _name(name, field)
        found[key] = header_text(item, f"{field}.{key}") if isinstance(item, str) else frozen(item, field)
    return FrozenDict(found)


def _mapping(value: Any, field: str) -> FrozenDict:
    if not isinstance(value, Mapping):
        raise MessageInvalid(f"{field} must be a mapping, not {type(value).__name__}.", field=field)
    return frozen(value, field)  # type: ignore[no-any-return]


def _by_recipient(read: Callable[[Any, str], Any]) -> Callable[[Any, str], FrozenDict]:
    """Read a mapping from address to something; it is stored by `Address.key`."""

    def read_each(value: Any, field: str) -> FrozenDict:
        if not isinstance(value, Mapping):
            raise MessageInvalid(f"{field} must be a mapping by address.", field=field)
        found = FrozenDict((address(each, field).key, read(item, field)) for each, item in value.items())
        if len(found) < len(value):
            raise MessageInvalid(f"{field} has the same address in two spellings.", field=field)
        return found

    return read_each


def _template(value: Any, field: str) -> Template:
    return value if isinstance(value, Template) else Template(value)


def _raw(value: Any, field: str) -> bytes:
    content = octets(value, field)
    if not content:
        raise MessageInvalid(f"{field} is empty; it must be a rendered message.", field=field)
    return without_bcc(content)


_OTHERS_SAY = {"body": "text", "message": "text", "from_email": "from_", "recipients": "to", "recipient_list": "to"}
"""What fields are called elsewhere, so differently that the spelling leads nowhere."""


class _Readers(dict[str, Callable[[Any, str], Any]]):
    """The table, which knows what to say of a field it does not have."""

    def __missing__(self, name: str) -> NoReturn:
        from difflib import get_close_matches

        near = get_close_matches(name.replace("-", "_").lower(), self, n=1)
        instead = _OTHERS_SAY.get(name.lower()) or (near[0] if near else "")
        raise TypeError(f"a message has no field {name!r}" + (f"; did you mean {instead!r}?" if instead else ""))


READERS = _Readers(
    from_=_authors,
    to=addresses,
    cc=addresses,
    bcc=addresses,
    reply_to=addresses,
    sender=address,
    subject=header_text,
    text=body_text,
    html=body_text,
    amp=body_text,
    calendar=body_text,
    method=_token,
    alternatives=_alternatives,
    attachments=_attachments,
    headers=_headers,
    envelope=_envelope,
    envelope_sender=_bounces,
    message_id=_message_id,
    date=_moment,
    in_reply_to=_message_id,
    references=_message_ids,
    list_unsubscribe=_unsubscribe,
    list_unsubscribe_post=_flag,
    tags=_tags,
    metadata=_metadata,
    track_opens=_flag,
    track_clicks=_flag,
    priority=_choice("high", "normal", "low"),
    send_at=_moment,
    idempotency_key=_token,
    via=_name,
    sensitive=_flag,
    template=_template,
    merge_global=_mapping,
    merge_data=_by_recipient(_mapping),
    merge_headers=_by_recipient(lambda value, field: _pairs(value, field, by_recipient=True)),
    merge_metadata=_by_recipient(_metadata),
    stream=_name,
    provider_options=_mapping,
    raw=_raw,
    on_partial=_choice("receipt", "abort"),
    require_tls=_flag,
)
