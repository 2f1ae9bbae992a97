"""`Attachment`: a file that travels with a message, beside its text or inside its HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from mailbridge.errors import MessageInvalid
from mailbridge.message.media_type import OCTETS, guessed, media_type, written
from mailbridge.message.text import body_text, header_text, octets, shown
from mailbridge.message.value import Value

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    from mailbridge.message.rooted_file import StrPath

    class Options(TypedDict, total=False):
        """What `Attachment` takes beside content, name and type."""

        inline: bool
        content_id: str | None
        disposition: Literal["attachment", "inline"] | None
        charset: str | None


__all__ = ["Attachment", "Disposition"]

Disposition = Literal["attachment", "inline"]

LIMIT = 150 * 1024 * 1024
"""Bytes taken from a file or a stream: more than any provider accepts in one message."""

FILENAME_LIMIT = 255  # characters, as most file systems have it

# Embeddings, overrides and isolates: `annexe<U+202E>gpj.exe` would be shown as `annexeexe.jpg`.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTENT_ID = re.compile(r"<([!-;=?-~]{1,200})>|([!-;=?-~]{1,200})").fullmatch


class Readable(Protocol):
    """A file opened in binary mode."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes."""


class Attachment(Value):
    """A file that travels with a message.

    Args:
        content: the bytes; text is encoded as UTF-8.
        filename: as the recipient shall see it; of a path only the last part is kept.
        content_type: such as `application/pdf`; guessed from the file name if not given.
        inline: whether the HTML shows it, by its `cid`.
        content_id: without brackets; if not given, an inline file gets one that depends only on what it is.
        disposition: `inline` or `attachment`; by default as `inline` says.
        charset: of a text file, to be named in its content type.

    Raises MessageInvalid.

    >>> logo = Attachment(b"GIF89a", "logo.gif", inline=True, content_id="logo")
    >>> logo.content_type, logo.cid
    ('image/gif', 'cid:logo')
    """

    content: bytes
    filename: str | None = None
    content_type: str = OCTETS
    inline: bool = False
    content_id: str | None = None
    disposition: Disposition = "attachment"

    _encoded: list[bytes] | None = None
    """Where `mailbridge.message.mime` keeps the base64 form, so that a file shared by many messages is
    encoded once. It is neither compared, shown, copied nor pickled."""

    def __init__(
        self,
        content: bytes | bytearray | memoryview | str,
        filename: str | None = None,
        content_type: str | None = None,
        *,
        inline: bool = False,
        content_id: str | None = None,
        disposition: Disposition | None = None,
        charset: str | None = None,
    ) -> None:
        fields = self.__dict__
        if filename is not None:
            filename = fields["filename"] = _base_name(filename)
        content_type = content_type or (guessed(filename) if filename else OCTETS)
        if isinstance(content, str):
            content, charset = body_text(content, "attachments.content").encode(), "utf-8"
        fields["content"] = octets(content, "attachments.content")
        fields["content_type"] = _described(content_type, charset)
        if inline:
            fields["inline"] = True
        if content_id is not None:
            fields["content_id"] = _content_id(content_id)
        elif inline:
            fields["content_id"] = _derived_id(fields["content"], filename or "")
        if (disposition := disposition or ("inline" if inline else "attachment")) != "attachment":
            fields["disposition"] = _disposition(disposition)

    @classmethod
    def from_path(
        cls,
        path: StrPath,
        filename: str | None = None,
        content_type: str | None = None,
        *,
        root: StrPath,
        limit: int = LIMIT,
        **options: Unpack[Options],
    ) -> Self:
        """Read the file `path`, which must lie below the folder `root`; links on the way are refused.

        Raises MessageInvalid naming the file, also when it has more than `limit` bytes.
        """
        from os import fspath

        from mailbridge.message.rooted_file import read

        content = read(path, root, limit)
        return cls(content, fspath(path) if filename is None else filename, content_type, **options)

    @classmethod
    def from_stream(
        cls,
        file: Readable,
        filename: str | None = None,
        content_type: str | None = None,
        *,
        limit: int = LIMIT,
        **options: Unpack[Options],
    ) -> Self:
        """Read a file opened in binary mode to its end; MessageInvalid if that is more than `limit` bytes."""
        chunks, size = [], 0
        while chunk := file.read(1 << 20):
            size += len(octets(chunk, "attachments.content"))
            if size > limit:
                raise MessageInvalid(f"The stream has more than {limit} bytes.", field="attachments")
            chunks.append(chunk)
        return cls(b"".join(chunks), filename, content_type, **options)

    @classmethod
    def from_message(cls, content: bytes, filename: str | None = None) -> Self:
        """Attach a whole message, as when forwarding it."""
        return cls(content, filename, "message/rfc822")

    @property
    def cid(self) -> str:
        """The URL by which the HTML refers to it, or an empty string."""
        return f"cid:{self.content_id}" if self.content_id else ""

    @property
    def mime_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.content_type.partition(";")[0]

    def __repr__(self) -> str:
        said = [f"<{len(self.content)} bytes>", *(repr(each) for each in (self.filename,) if each)]
        said += [f"{n}={self.__dict__[n]!r}" for n in ("content_type", "inline", "content_id") if n in self.__dict__]
        return f"Attachment({', '.join(said)})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in list(self.__dict__.items()) if name != "_encoded"}


def _base_name(value: str) -> str:
    name = header_text(value, "attachments.filename").replace("\\", "/").rpartition("/")[2]
    if len(name) > FILENAME_LIMIT or name.strip(" .") == "" or not _REORDERING.isdisjoint(name):
        raise MessageInvalid(
            f"{shown(value)} is not a file name: it must have 1 to {FILENAME_LIMIT} characters, none of which "
            "reorders the others.",
            field="attachments.filename",
        )
    return name


def _described(content_type: str, charset: str | None) -> str:
    kind, parameters = media_type(content_type, "attachments.content_type")
    if charset is not None and kind.startswith("text/"):
        parameters["charset"] = header_text(charset, "attachments.charset", 40)
        kind, parameters = media_type(written(kind, parameters), "attachments.charset")
    return written(kind, parameters)


def _content_id(value: str) -> str:
    match = _CONTENT_ID(header_text(value, "attachments.content_id"))
    if not match:
        raise MessageInvalid(
            f"{shown(value)} is not a content id: it must be 1 to 200 printable ASCII characters without < > or space.",
            field="attachments.content_id",
        )
    return match[1] or match[2]


def _derived_id(content: bytes, filename: str) -> str:
    from hashlib import sha256

    digest = sha256(content)
    digest.update(b"\0" + filename.encode())
    return f"{digest.hexdigest()[:32]}@mailbridge.invalid"


def _disposition(value: str) -> str:
    if value not in ("attachment", "inline"):
        raise MessageInvalid(
            f"The disposition must be attachment or inline, not {shown(value)}.", field="attachments.disposition"
        )
    return value
