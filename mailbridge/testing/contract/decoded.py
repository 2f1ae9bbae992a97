"""What a request says, read back out of it: the answer of a contract's `decode`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailbridge.message.address import Address

__all__ = ["Decoded", "DecodedFile"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodedFile:
    """A file as the request has it: `content_id` without brackets, `name` empty where there is none."""

    content: bytes
    name: str = ""
    content_type: str = ""
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """One message as a request says it; what is not given is not in the request.

    A call for several messages is several of them, in order; so is a merge, one for each recipient, with
    what is meant for him in `merge`, `headers` and `metadata` beside what is meant for all.

    Args:
        from_: the authors.
        to, cc, bcc: as the recipients will see them (`bcc`: as they will not).
        recipients: whom the provider is told about, if that is said apart from the fields above.
        envelope_sender: where bounces go; "" for nowhere, None if it is not said.
        alternatives: every form of the body but text and HTML, as (content type, content); AMP is
            `text/x-amp-html`, an invitation `text/calendar; method=REQUEST`.
        headers: all that the recipient will find, as (name, text). Where the API has a field of its own
            for what is a header in the end, give that header.
        template: id, and version or None.
        merge: the data for the template, or for the placeholders in the text.
        raw: the octets of a message that was rendered beforehand.
        dsn: (notify, ret, envid) of RFC 3461.
    """

    from_: Sequence[Address] = ()
    to: Sequence[Address] = ()
    cc: Sequence[Address] = ()
    bcc: Sequence[Address] = ()
    reply_to: Sequence[Address] = ()
    sender: Address | None = None
    recipients: Sequence[Address] | None = None
    envelope_sender: str | None = None
    subject: str = ""
    text: str = ""
    html: str = ""
    alternatives: Sequence[tuple[str, str | bytes]] = ()
    attachments: Sequence[DecodedFile] = ()
    headers: Sequence[tuple[str, str]] = ()
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    track_opens: bool | None = None
    track_clicks: bool | None = None
    send_at: datetime | None = None
    stream: str | None = None
    template: tuple[str, str | None] | None = None
    merge: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    raw: bytes | None = None
    require_tls: bool = False
    dsn: tuple[Sequence[str], str | None, str | None] | None = None
