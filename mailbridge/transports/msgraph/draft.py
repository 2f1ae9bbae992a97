"""`Draft`: a message that is too large for one call, made in the mailbox and sent from there.

Graph takes 4 MB in a call. What is larger begins as a draft without its files; these follow one by one, those
of more than 3 MB in pieces (learn.microsoft.com/graph/outlook-large-attachments, 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from mailbridge.extend import (
    Attachment,
    ConfigError,
    Flow,
    HttpRequest,
    HttpResponse,
    MailError,
    OutcomeUnknown,
    preparing,
)
from mailbridge.transports.msgraph.payload import file, item

IN_ONE_CALL = 3_000_000
"""Octets of a file from which on it is uploaded in pieces."""

PIECE = 12 * 327_680
"""Octets of a piece: under 4 MB, and a multiple of 320 KiB, as upload sessions of Graph like them."""

Exchange = Callable[[HttpRequest], Flow[HttpResponse]]


class Draft:
    """One draft, from its creation to the call that sends it.

    Whatever fails before that call has sent nothing: the draft is removed, and the error permits another
    try where a lost answer would otherwise leave it open.

    Args:
        exchange: makes a call and raises for anything but success.
        messages: the address of the mailbox's messages.
    """

    def __init__(self, exchange: Exchange, messages: str) -> None:
        self._exchange = exchange
        self._messages = messages

    def sent(self, create: HttpRequest, files: tuple[Attachment, ...]) -> Flow[HttpResponse]:
        """Create the draft by `create`, attach the files, and send it; return the last answer."""
        created = yield from preparing(self._exchange, create)
        draft = f"{self._messages}/{quote(_text(created, 'id'), safe='')}"
        try:
            for each in files:
                yield from self._attached(draft, each)
        except MailError as error:
            if left := (yield from self._removed(draft)):
                error.hints = (*error.hints, left)
            raise
        return (yield from self._sent(draft))

    def _attached(self, draft: str, each: Attachment) -> Flow[None]:
        if len(each.content) <= IN_ONE_CALL:
            yield from preparing(self._exchange, HttpRequest.json("POST", f"{draft}/attachments", file(each)))
            return
        session = HttpRequest.json("POST", f"{draft}/attachments/createUploadSession", item(each))
        url = _text((yield from preparing(self._exchange, session)), "uploadUrl")
        size = len(each.content)
        for start in range(0, size, PIECE):
            piece = each.content[start : start + PIECE]
            place = f"bytes {start}-{start + len(piece) - 1}/{size}"
            headers = [("Content-Type", "application/octet-stream"), ("Content-Range", place)]
            yield from preparing(self._exchange, HttpRequest("PUT", url, headers, piece))

    def _sent(self, draft: str) -> Flow[HttpResponse]:
        try:
            return (yield from self._exchange(HttpRequest("POST", f"{draft}/send")))
        except OutcomeUnknown:
            raise  # it may be on its way: to remove it could stop it half-way
        except MailError as error:
            if left := (yield from self._removed(draft)):
                error.hints = (*error.hints, left)
            raise

    def _removed(self, draft: str) -> Flow[str]:
        """Remove the draft; return what to say of it if that fails."""
        try:
            yield from self._exchange(HttpRequest("DELETE", draft))
        except MailError:
            return "A draft was left in the mailbox; remove it."
        return ""


def _text(response: HttpResponse, name: str) -> str:
    found: Any = response.get(name)
    if not isinstance(found, str) or not found:
        raise ConfigError(
            f"The answer to a call that prepares a draft has no {name}; the message was not sent.",
            phase="response",
            code=response.status,
            hints=["A proxy or a login page may have answered instead; check base_url and proxy."],
        )
    return found
