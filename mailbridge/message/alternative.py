"""`Alternative`: a further form of the body, for readers that can show it."""

from __future__ import annotations

from mailbridge.errors import MessageInvalid
from mailbridge.message.media_type import media_type, written
from mailbridge.message.text import body_text, octets
from mailbridge.message.value import Value

__all__ = ["Alternative"]


class Alternative(Value):
    """A further form of the body, best last: after text and HTML.

    Args:
        content: text (sent as UTF-8), or bytes.
        content_type: such as `text/markdown`; a charset may only be named for bytes.

    Raises MessageInvalid.
    """

    content: str | bytes
    content_type: str

    def __init__(self, content: str | bytes | bytearray | memoryview, content_type: str) -> None:
        kind, parameters = media_type(content_type, "alternatives.content_type")
        if kind.startswith("message/"):
            raise MessageInvalid(f"alternatives: {kind} cannot be a form of the body.", field="alternatives")
        if isinstance(content, str):
            parameters.pop("charset", None)
            self.__dict__["content"] = body_text(content, "alternatives.content")
        else:
            self.__dict__["content"] = octets(content, "alternatives.content")
        self.__dict__["content_type"] = written(kind, parameters)

    def __repr__(self) -> str:
        return f"Alternative(<{len(self.content)}>, {self.content_type!r})"

    @property
    def mime_type(self) -> str:
        """The content type without parameters, in lower case."""
        return self.content_type.partition(";")[0]
