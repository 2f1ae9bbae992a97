"""What only mail providers can do, by the attribute names that Anymail made known, read by duck typing.

    message.tags = ["welcome"]; message.metadata = {"user": 1}; message.template_id = "d-1"
    message.mailbridge_options = {"idempotency_key": "order-1", "sensitive": True}

`mailbridge_options` holds fields of `mailbridge.Message` that Anymail has no name for. None stands for
"not given" everywhere. Nothing is dropped: what the transport cannot express is refused by the Mailer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.mail import EmailMessage
from django.utils import timezone

from mailbridge import MessageInvalid, Transport, Unsupported

OPTIONS = "mailbridge_options"

_NAMES = {
    "tags": "tags",
    "metadata": "metadata",
    "merge_data": "merge_data",
    "merge_global_data": "merge_global",
    "merge_metadata": "merge_metadata",
    "merge_headers": "merge_headers",
    "template_id": "template",
    "track_opens": "track_opens",
    "track_clicks": "track_clicks",
    "envelope_sender": "envelope_sender",
}
_OPTIONS = frozenset({
    "idempotency_key", "on_partial", "priority", "provider_options", "require_tls", "sensitive", "stream", "via",
})  # fmt: skip


def feature_fields(message: EmailMessage, transport: Transport) -> dict[str, Any]:
    """Return the control fields of a message.

    `transport` is the one that carries it: `esp_extra` is addressed to whichever provider that is.
    Raises MessageInvalid naming the attribute, Unsupported.
    """
    given = vars(message)
    of_class = _said_by(message.__class__)
    fields: dict[str, Any] = {}
    for name in of_class.keys() | (_ALL & given.keys()):
        value = given.get(name)
        value = of_class.get(name) if value is None else value
        if value is None:
            continue
        if name in _NAMES:
            fields[_NAMES[name]] = value
        else:
            fields.update(_READERS[name](value, transport))
    return fields


def _said_by(kind: type) -> dict[str, Any]:
    """Return what a class says for all of its messages; Django's own say nothing."""
    return {name: value for name in _ALL if (value := getattr(kind, name, None)) is not None}


def _send_at(value: Any, transport: Transport) -> dict[str, Any]:
    """Read what Anymail reads: a datetime, a date (its first moment), seconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, (date, int, float)):
        raise MessageInvalid(
            f"send_at must be a datetime, a date or a number, not {type(value).__name__}.", field="send_at"
        )
    if isinstance(value, (int, float)):
        return {"send_at": datetime.fromtimestamp(value, UTC)}
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    if timezone.is_naive(value):
        value = timezone.make_aware(value, timezone.get_current_timezone())
    return {"send_at": value}


def _esp_extra(value: Any, transport: Transport) -> dict[str, Any]:
    if "provider_options" not in transport.features:
        raise Unsupported(
            f"The transport {transport} has no options of its own, so nobody would read esp_extra.",
            feature="provider_options",
            field="esp_extra",
            transport=str(transport),
            hints=[f'Name the provider: message.{OPTIONS} = {{"provider_options": {{"sendgrid": {{…}}}}}}.'],
        )
    return {"provider_options": {transport.name: value}}


def _options(value: Any, transport: Transport) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise MessageInvalid(f"{OPTIONS} must be a dictionary, not {type(value).__name__}.", field=OPTIONS)
    if unknown := sorted(set(value) - _OPTIONS):
        raise MessageInvalid(f"{OPTIONS} has no {unknown[0]!r}; it knows {', '.join(sorted(_OPTIONS))}.", field=OPTIONS)
    return dict(value)


_READERS = {"send_at": _send_at, "esp_extra": _esp_extra, OPTIONS: _options}
_ALL = frozenset(_NAMES) | _READERS.keys()
