"""`Template`: a template that the provider keeps."""

from __future__ import annotations

from mailbridge.errors import MessageInvalid
from mailbridge.message.text import header_text
from mailbridge.message.value import Value

__all__ = ["Template"]


class Template(Value):
    """Name a template stored at the provider, which fills it with the merge data.

    Args:
        id: as the provider spells it; numbers are taken too.
        version: for providers that keep several.
    """

    id: str
    version: str | None = None

    def __init__(self, id: str | int, version: str | int | None = None) -> None:
        self.__dict__["id"] = _name(id, "template.id")
        if version is not None:
            self.__dict__["version"] = _name(version, "template.version")


def _name(value: str | int, field: str) -> str:
    name = header_text(str(value) if type(value) is int else value, field, 255)
    if not name:
        raise MessageInvalid(f"{field} is empty.", field=field)
    return name
