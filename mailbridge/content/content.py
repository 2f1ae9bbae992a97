"""`Content`: what a template has made."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Content", "Image"]


class Image(NamedTuple):
    """An image that the HTML shows by `cid:` and its content id."""

    content: bytes
    filename: str
    content_id: str


class Content(NamedTuple):
    """What a message says, rendered; None for what its template does not have."""

    subject: str | None = None
    text: str | None = None
    html: str | None = None
    images: tuple[Image, ...] = ()
