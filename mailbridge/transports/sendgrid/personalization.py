"""Personalizations: what SendGrid is told of each message of a call."""

from __future__ import annotations

from typing import Any

from mailbridge.extend import Address, Message, MessageInvalid, distinct, encoded_header, header_map, text_of
from mailbridge.transports.sendgrid.settings import SendGridOptions

SUBSTITUTIONS = 10_000  # octets of merge data in one personalization, outside dynamic templates


def personalization(message: Message, options: SendGridOptions) -> dict[str, Any]:
    """Return what is said for one message of a call."""
    # SendGrid refuses an address that stands twice in a personalization, in any case of letters.
    said: dict[str, Any] = {field: list(map(mailbox, found)) for field, found in distinct(message).items()}
    if "to" not in said:
        raise MessageInvalid("to: SendGrid needs at least one address in to.", field="to")
    if message.subject:
        said["subject"] = message.subject
    if headers := header_map(message):
        # "You must ensure these are properly encoded if they contain unicode characters": API reference, 2026-11-22.
        said["headers"] = {name: encoded_header(name, text) for name, text in headers.items()}
    if message.metadata:
        # SendGrid answers numbers with "Bad Request" and nothing else.
        said["custom_args"] = {name: text_of(value) for name, value in message.metadata.items()}
    if message.send_at is not None:
        said["send_at"] = int(message.send_at.timestamp())
    if message.merge_global and is_dynamic(message):
        said["dynamic_template_data"] = message.merge_global
    elif message.merge_global:
        said["substitutions"] = _substitutions(message, options)
    return said


def _substitutions(message: Message, options: SendGridOptions) -> dict[str, str]:
    """Return merge data for texts and legacy templates, where SendGrid replaces one string by another."""
    said: dict[str, str] = {}
    for name, value in message.merge_global.items():
        if isinstance(value, dict | list | tuple):
            raise MessageInvalid(
                f"merge_global.{name}: outside dynamic templates (d-…) SendGrid takes text and numbers only.",
                field="merge_global",
            )
        said[options.merge_field.format(name)] = text_of(value)
    if sum(len(name.encode()) + len(value.encode()) for name, value in said.items()) > SUBSTITUTIONS:
        raise MessageInvalid(
            f"merge_global: outside dynamic templates SendGrid takes {SUBSTITUTIONS} octets for a message.",
            field="merge_global",
        )
    return said


def is_dynamic(message: Message) -> bool:
    """Whether the template is one of those that Handlebars fill; others have strings replaced."""
    return message.template is not None and message.template.id.startswith("d-")


def mailbox(address: Address) -> dict[str, str]:
    """Return an address as SendGrid's object."""
    return {"email": address.wire, "name": address.name} if address.name else {"email": address.wire}
