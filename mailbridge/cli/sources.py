"""Where `send` takes messages from: files and standard input, as JSON, JSON lines or mail (.eml)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple

from mailbridge.errors import MailError, MessageInvalid

if TYPE_CHECKING:
    from mailbridge.message.message import Message

Form = Literal["auto", "json", "eml"]


class Item(NamedTuple):
    """One message, or why it could not be read, and the place where it stands."""

    place: str
    content: Message | MailError


class Reader:
    """Reads messages one by one; what cannot be read is an item too, and the next one follows.

    JSON is one object, an array of them, or one on each line; the lines of a long file are read as
    they are needed.

    Args:
        form: `json` or `eml`; `auto` tells by the name of the file, or by how it begins.
        sender: the author of JSON messages that name none.
        root: the only folder from which JSON messages may attach files; None for none at all.
    """

    def __init__(self, *, form: Form = "auto", sender: str = "", root: Path | None = None) -> None:
        self._form = form
        self._sender = sender
        self._root = root
        self.octets = 0.0
        """How many octets of the files are behind the message that came last."""

    def read(self, names: Iterable[str]) -> Iterator[Item]:
        """Yield every message of these files; `-` is standard input."""
        for name in names:
            place = "standard input" if name == "-" else name
            try:
                with _opened(name) as stream:
                    yield from self._messages(stream, place, Path(name).suffix.lower())
            except OSError as error:
                yield Item(place, MessageInvalid(f"{place} cannot be read: {error.strerror or error}."))

    def _messages(self, stream: BinaryIO, place: str, suffix: str) -> Iterator[Item]:
        first = _first_line(stream)
        if not first.strip():
            return
        form = self._form
        if form == "auto":
            form = "json" if suffix in (".json", ".jsonl", ".ndjson") or first.lstrip()[:1] in (b"{", b"[") else "eml"
        if form == "eml":
            content = first + stream.read()
            self.octets += len(content)
            yield self._item(place, partial(_mail, content))
        elif _is_object(first):
            yield from self._lines(first, stream, place)
        else:
            yield from self._document(first + stream.read(), place)

    def _lines(self, first: bytes, stream: BinaryIO, place: str) -> Iterator[Item]:
        """Read one object from each line, as the first line is one."""
        for number, line in enumerate(chain([first], stream), 1):
            self.octets += len(line)
            if line.strip():
                yield self._item(f"{place}, line {number}", partial(self._from_json, line))

    def _document(self, text: bytes, place: str) -> Iterator[Item]:
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield Item(place, MessageInvalid(f"It is not JSON: {error}."))
            return
        if isinstance(content, list):
            for number, each in enumerate(content, 1):
                self.octets += len(text) / len(content)
                yield self._item(f"{place}, number {number}", partial(self._from_data, each))
        else:
            yield self._item(place, partial(self._from_data, content))

    def _item(self, place: str, read: partial[Message]) -> Item:
        try:
            return Item(place, read())
        except MailError as error:
            return Item(place, error)

    def _from_json(self, text: bytes) -> Message:
        try:
            return self._from_data(json.loads(text))
        except (ValueError, RecursionError) as error:
            if isinstance(error, MailError):
                raise
            raise MessageInvalid(f"It is not JSON: {error}.") from None

    def _from_data(self, data: Any) -> Message:
        from mailbridge.message.stored import from_dict

        if isinstance(data, dict) and not data.get("from"):
            if not self._sender:
                raise MessageInvalid(
                    "from is missing; a message needs an author.",
                    field="from",
                    hints=["Give it, or set MAILBRIDGE_DEFAULT_FROM."],
                )
            data = {**data, "from": self._sender}
        try:
            return from_dict(data, root=self._root)
        except MessageInvalid as error:
            if self._root is None and error.field.endswith(".path"):
                error.hints += ("Or name the folder that files may be in, with --attach-root.",)
            raise


def size(names: Iterable[str]) -> int | None:
    """Return how many octets these files have altogether; None if there is one that cannot say, as a pipe."""
    paths = list(map(Path, names))
    return sum(path.stat().st_size for path in paths) if all(path.is_file() for path in paths) else None


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if name == "-" else open(name, "rb")


def _first_line(stream: BinaryIO) -> bytes:
    """Return the first line that is not blank, with the blank ones before it."""
    lines = b""
    for line in stream:
        lines += line
        if line.strip():
            break
    return lines


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _mail(raw: bytes) -> Message:
    from mailbridge.message.parse import from_bytes

    return from_bytes(raw)
