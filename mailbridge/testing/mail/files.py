"""`SentFile`: a file of a mail, as a test looks at it."""

from __future__ import annotations

import builtins
from dataclasses import dataclass

from mailbridge.message.attachment import Attachment

__all__ = ["SentFile"]


@dataclass(frozen=True, slots=True)
class SentFile:
    """One file of a mail; `attachment` is the value it was made of.

    >>> SentFile(Attachment("a;b", "report.csv")).text
    'a;b'
    """

    attachment: Attachment

    @property
    def name(self) -> str:
        """The file name, empty where there is none."""
        return self.attachment.filename or ""

    @property
    def bytes(self) -> builtins.bytes:
        """The content."""
        return self.attachment.content

    @property
    def text(self) -> str:
        """The content read as UTF-8; UnicodeDecodeError if it is none."""
        return self.attachment.content.decode()

    @property
    def mime_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.attachment.mime_type

    @property
    def content_id(self) -> str | None:
        """By which the HTML shows it, without brackets."""
        return self.attachment.content_id

    @property
    def inline(self) -> bool:
        """Whether the HTML shows it."""
        return self.attachment.inline
