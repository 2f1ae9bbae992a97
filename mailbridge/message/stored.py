"""Messages as JSON: what the queue stores, and what a person writes for `mailbridge send message.json`.

One object; its members are the arguments of `Message`, with `from` in place of `from_`. Only `from` and
a recipient are needed:

    {
      "version": 1,
      "from": "App <app@example.com>",
      "to": ["Ann <ann@example.org>", "bob@example.org"],
      "subject": "Your report",
      "text": "It is attached.",
      "attachments": [{"filename": "report.pdf", "base64": "JVBERi0xLjcK"}]
    }

Addresses are strings as `Address.parse` reads them, moments are ISO 8601 with an offset. Where there are
bytes, an object has one of `base64`, `text` (as UTF-8) and, for attachments, `path` (read only when the
caller allows a folder). An alternative is `{"content_type", "text" | "base64"}`, an envelope
`{"sender" (null for <>), "recipients", "notify", "ret", "envid"}`, a template `{"id", "version"}`; `raw`
is `{"base64" | "text"}`. `version` is that of this format, 1 if it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from mailbridge.errors import MessageInvalid
from mailbridge.message.address import Address
from mailbridge.message.alternative import Alternative
from mailbridge.message.attachment import Attachment
from mailbridge.message.envelope import Envelope
from mailbridge.message.message import Message
from mailbridge.message.reading import READERS
from mailbridge.message.template import Template
from mailbridge.message.text import shown
from mailbridge.message.value import Value

if TYPE_CHECKING:
    from datetime import datetime

    from mailbridge.message.rooted_file import StrPath

__all__ = ["VERSION", "from_dict", "from_json", "to_dict", "to_json"]

VERSION = 1


def to_json(message: Message) -> str:
    """Return the message as JSON, without loss.

    >>> to_json(Message(from_="app@example.com", to="ann@example.org", text="Hi"))
    '{"version":1,"from":"app@example.com","to":["ann@example.org"],"text":"Hi"}'
    """
    import json

    return json.dumps(to_dict(message), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def from_json(text: str | bytes, *, root: StrPath | None = None) -> Message:
    """Read what `to_json` or a person wrote; the opposite of `to_json`.

    Attachments given by `path` are read from below the folder `root`, and refused without one.
    Raises MessageInvalid naming the member that is wrong, unknown ones and unknown versions included.
    """
    import json

    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MessageInvalid(f"The message is not JSON: {error}.") from None
    return from_dict(data, root=root)


def to_dict(message: Message) -> dict[str, Any]:
    """Return the message as plain JSON data, without loss."""
    stored: dict[str, Any] = {"version": VERSION}
    for name in message._fields():
        if name == "from_":
            authors = _written(message.from_all)
            stored["from"] = authors[0] if len(authors) == 1 else authors
        elif name in message.__dict__ and name != "also_from":
            stored[name] = _written(getattr(message, name))
    return stored


def from_dict(data: Any, *, root: StrPath | None = None) -> Message:
    """Read plain JSON data, as `from_json` reads JSON."""
    members = dict(_object(data, "The message", None))
    version = members.pop("version", VERSION)
    if version != VERSION or isinstance(version, bool):
        raise MessageInvalid(
            f"The message has the format version {version!r}; this mailbridge reads version {VERSION}.", field="version"
        )
    if "from" in members:
        members["from_"] = members.pop("from")
    elif "from_" in members:
        raise MessageInvalid("The member is called from, not from_.", field="from_")
    for name, value in members.items():
        if name not in READERS:
            raise MessageInvalid(f"The message has the unknown member {shown(name)}.", field=name)
        if value is not None and (read := _READ.get(name)):
            members[name] = read(value, root)
    return Message(**members)


def _written(value: Any) -> Any:
    match value:
        case Address():
            return str(value)
        case Attachment():
            return {**_members(value, without="content"), "base64": _base64(value.content)}
        case Alternative():
            content = value.content
            said = {"text": content} if isinstance(content, str) else {"base64": _base64(content)}
            return {"content_type": value.content_type, **said}
        case Envelope() | Template():
            return _members(value)
        case bytes():
            return {"base64": _base64(value)}
        case tuple():
            return [_written(each) for each in value]
        case dict():
            return {name: _written(each) for name, each in value.items()}
        case None | bool() | int() | float() | str():
            return value
        case _:
            return cast("datetime", value).isoformat()


def _members(value: Value, without: str = "") -> dict[str, Any]:
    given = list(value.__dict__.items())
    return {name: _written(each) for name, each in given if name[0] != "_" and name != without}


def _object(value: Any, what: str, known: Iterable[str] | None, needed: Iterable[str] = ()) -> Mapping[str, Any]:
    """Return `value` if it is a JSON object with only the `known` members and all that are `needed`."""
    field = what.partition("[")[0] if known else ""
    if not isinstance(value, Mapping):
        raise MessageInvalid(f"{what} must be a JSON object, not {type(value).__name__}.", field=field)
    for name in value:
        if known and name not in known:
            raise MessageInvalid(f"{what} has the unknown member {shown(name)}.", field=f"{field}.{name}")
    for name in needed:
        if name not in value:
            raise MessageInvalid(f"{what} lacks {name}.", field=f"{field}.{name}")
    return value


def _base64(content: bytes) -> str:
    from binascii import b2a_base64

    return b2a_base64(content, newline=False).decode("ascii")


def _content(value: Mapping[str, Any], what: str, root: StrPath | None) -> bytes | str:
    """Return the bytes, or the text, of an object that says them in one of the three ways."""
    from binascii import Error, a2b_base64

    ways = [name for name in ("base64", "text", "path") if value.get(name) is not None]
    if len(ways) != 1 or not isinstance(value[ways[0]], str):
        raise MessageInvalid(f"{what} needs exactly one of base64, text and path, as a string.", field=what)
    said: str = value[ways[0]]
    if ways == ["text"]:
        return said
    if ways == ["base64"]:
        try:
            return a2b_base64(said, strict_mode=True) if said else b""
        except (Error, ValueError) as error:
            raise MessageInvalid(f"{what}.base64 is not base64: {error}.", field=f"{what}.base64") from None
    if root is None:
        raise MessageInvalid(f"{what}.path is not allowed here; give base64 or text.", field=f"{what}.path")
    from mailbridge.message.attachment import LIMIT
    from mailbridge.message.rooted_file import read

    return read(said, root, LIMIT)


def _attachments(value: Any, root: StrPath | None) -> tuple[Attachment, ...]:
    return tuple([_attachment(each, root) for each in _list(value, "attachments")])


def _attachment(value: Any, root: StrPath | None) -> Attachment:
    options = dict(_object(value, "attachments", _ATTACHMENT))
    content = _content(options, "attachments", root)
    options.setdefault("filename", options.get("path"))
    _flag(options.get("inline"))
    return Attachment(content, **{name: each for name, each in options.items() if name not in _WAYS})


def _alternatives(value: Any, root: StrPath | None) -> tuple[Alternative, ...]:
    return tuple([_alternative(each) for each in _list(value, "alternatives")])


def _alternative(value: Any) -> Alternative:
    _object(value, "alternatives", ("content_type", "text", "base64"), ["content_type"])
    return Alternative(_content(value, "alternatives", None), value["content_type"])


def _envelope(value: Any, root: StrPath | None) -> Envelope:
    known = ("sender", "recipients", "notify", "ret", "envid")
    members = _object(value, "envelope", known, ("sender", "recipients"))
    return Envelope(**{**members, "notify": members.get("notify") or ()})


def _template(value: Any, root: StrPath | None) -> Template:
    members = value if isinstance(value, Mapping) else {"id": value}
    return Template(**_object(members, "template", ("id", "version"), ["id"]))


def _moment(name: str) -> Callable[[Any, StrPath | None], datetime]:
    def read(value: Any, root: StrPath | None) -> datetime:
        from datetime import datetime

        try:
            return datetime.fromisoformat(value)
        except (TypeError, ValueError):
            said = shown(value)
            raise MessageInvalid(
                f"{name}: {said} is not a moment such as 2026-11-21T09:30:00+01:00.", field=name
            ) from None

    return read


def _raw(value: Any, root: StrPath | None) -> bytes:
    content = _content(_object(value, "raw", ("base64", "text")), "raw", None)
    return content if isinstance(content, bytes) else READERS["text"](content, "raw").encode()


def _list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise MessageInvalid(f"{field} must be a list, not {type(value).__name__}.", field=field)
    return list(value)


def _flag(value: Any) -> None:
    if value is not None and not isinstance(value, bool):
        raise MessageInvalid("attachments.inline must be true or false.", field="attachments.inline")


_WAYS = ("base64", "text", "path")
_ATTACHMENT = (*_WAYS, "filename", "content_type", "inline", "content_id", "disposition", "charset")
_READ: dict[str, Callable[[Any, StrPath | None], Any]] = {
    "attachments": _attachments,
    "alternatives": _alternatives,
    "envelope": _envelope,
    "template": _template,
    "date": _moment("date"),
    "send_at": _moment("send_at"),
    "raw": _raw,
}
