"""The arguments of `Message`, for type checkers, `help` and completion.

`Message` itself takes `**fields`, because forty defaults would cost more than reading the four that are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from mailbridge.message.address import AddressLike
from mailbridge.message.alternative import Alternative
from mailbridge.message.attachment import Attachment
from mailbridge.message.envelope import Envelope
from mailbridge.message.template import Template

if TYPE_CHECKING:
    from inspect import Signature

Addresses: TypeAlias = AddressLike | Iterable[AddressLike]
Headers: TypeAlias = Mapping[str, str | Iterable[str]] | Iterable[tuple[str, str]]
Scalar: TypeAlias = str | int | float | bool


class Optional(TypedDict, total=False):
    """Everything a message may have; None stands for the default."""

    to: Addresses | None
    cc: Addresses | None
    bcc: Addresses | None
    reply_to: Addresses | None
    sender: AddressLike | None
    subject: str | None
    text: str | None
    html: str | None
    amp: str | None
    calendar: str | None
    method: str | None
    alternatives: Iterable[Alternative | tuple[str | bytes, str]] | None
    attachments: Attachment | Iterable[Attachment] | None
    headers: Headers | None
    envelope: Envelope | None
    envelope_sender: AddressLike | None
    message_id: str | None
    date: datetime | None
    in_reply_to: str | None
    references: str | Iterable[str] | None
    list_unsubscribe: str | Iterable[str] | None
    list_unsubscribe_post: bool | None
    tags: str | Iterable[str] | None
    metadata: Mapping[str, Scalar] | None
    track_opens: bool | None
    track_clicks: bool | None
    priority: Literal["high", "normal", "low"] | None
    send_at: datetime | None
    idempotency_key: str | None
    via: str | None
    sensitive: bool | None
    template: Template | str | int | None
    merge_global: Mapping[str, Any] | None
    merge_data: Mapping[Any, Mapping[str, Any]] | None
    merge_headers: Mapping[Any, Headers] | None
    merge_metadata: Mapping[Any, Mapping[str, Scalar]] | None
    stream: str | None
    provider_options: Mapping[str, Any] | None
    raw: bytes | None
    on_partial: Literal["receipt", "abort"] | None
    require_tls: bool | None


class Fields(Optional):
    """The arguments of `Message(…)`."""

    from_: Addresses


class Changes(Optional, total=False):
    """The arguments of `message.replace(…)`."""

    from_: Addresses


def signature() -> Signature:
    """Return the signature that `Message` would have if it named its arguments."""
    from inspect import Parameter, Signature

    given = {"from_": Parameter.empty, **dict.fromkeys(Optional.__annotations__)}
    kinds = {name: getattr(kind, "__forward_arg__", kind) for name, kind in Fields.__annotations__.items()}
    return Signature(
        [Parameter(name, Parameter.KEYWORD_ONLY, default=given[name], annotation=kinds[name]) for name in given]
    )
