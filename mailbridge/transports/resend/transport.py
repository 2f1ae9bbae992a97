"""Messages as Resend's requests, and its answers as receipts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from mimetypes import guess_extension, guess_type
from typing import Any, ClassVar

from mailbridge.extend import (
    Attachment,
    AuthFailed,
    Complaint,
    ConfigError,
    ContentRefused,
    HttpRequest,
    HttpResponse,
    HttpTransport,
    MailError,
    Message,
    MessageInvalid,
    Outcome,
    RateLimited,
    Receipt,
    SenderRefused,
    ServerError,
    Verification,
    base64_of,
    dig,
    header_pairs,
    unsupported,
    wire_form,
)
from mailbridge.transports.resend import plugin
from mailbridge.transports.resend.settings import ResendOptions, ResendSettings

# https://resend.com/docs/api-reference/errors (2026-11-22)
CODES: Mapping[str, type[MailError]] = {
    "application_error": ServerError,
    "concurrent_idempotent_requests": ServerError,  # the first one is under way: ask again with the same key
    "daily_quota_exceeded": ConfigError,  # 429, but no waiting of ours helps
    "monthly_quota_exceeded": ConfigError,
    "invalid_access": AuthFailed,
    "invalid_api_key": AuthFailed,
    "missing_api_key": AuthFailed,
    "restricted_api_key": AuthFailed,
    "invalid_from_address": SenderRefused,
    "invalid_idempotency_key": ContentRefused,
    "invalid_idempotent_request": ContentRefused,  # the key was used for another message
    "rate_limit_exceeded": RateLimited,
}
_UNVERIFIED = re.compile(r"domain is not verified|testing emails|not authorized to send", re.IGNORECASE).search
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}").fullmatch
_KEY_LIMIT = 256


class ResendTransport(HttpTransport):
    """Sends by POST /emails and /emails/batch, with an idempotency key always: Resend keeps it for 24 hours.

    A batch is taken or refused as a whole. Resend writes the Message-ID itself and does not tell it.
    """

    plugin = plugin
    regions: ClassVar = {"": "https://api.resend.com"}
    codes = CODES

    def __init__(self, settings: ResendSettings) -> None:
        super().__init__(settings)
        self._headers = (("Authorization", f"Bearer {settings.api_key.reveal()}"),)

    def joins(self, message: Message) -> bool:
        """Whether a batch takes it: no files and no time to send (send-batch-emails, 2026-11-22)."""
        return not message.attachments and message.send_at is None

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message."""
        return self._request("/emails", self._fields(message), (message,))

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for several messages, complete each."""
        return self._request("/emails/batch", [self._fields(message) for message in messages], messages)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt of one message."""
        return self._receipt(response.data, message, response)

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return the receipts of a batch; its ids come in the order of the messages."""
        answers = response.get("data")
        if not isinstance(answers, list):
            raise self.unexpected(response)
        return [self._receipt(answer, message, response) for answer, message in zip(answers, messages, strict=False)]

    def complaint(self, response: HttpResponse) -> Complaint:
        """Read `{"statusCode": 422, "name": "validation_error", "message": "…"}`."""
        text, name = str(response.get("message", default="")), str(response.get("name", default=""))
        if response.status == 403 and _UNVERIFIED(text):
            name = "invalid_from_address"  # it is called a validation_error, as much else
        return Complaint(text, name)

    def check(self) -> HttpRequest:
        """Ask for the domains of the account."""
        return HttpRequest("GET", self.url("/domains"), self._headers)

    def checked(self, response: HttpResponse) -> Verification:
        """Say which domains may send."""
        domains = [each for each in response.get("data", default=[]) if dig(each, "status") == "verified"]
        names = [str(dig(each, "name")) for each in domains]
        shown = f"verified domains: {', '.join(names)}" if names else "no domain is verified yet"
        return self.verification(f"Resend accepts the key; {shown}.", domains=names)

    def excused(self, error: MailError) -> Verification | None:
        """Take the refusal of a key that may only send for what it is: proof that the key is good."""
        if error.provider_code == "restricted_api_key":
            return self.verification("Resend accepts the key, which may send mail and nothing else.")
        return None

    def _request(self, path: str, payload: object, messages: Sequence[Message]) -> HttpRequest:
        key = self.key(messages)
        if len(key) > _KEY_LIMIT:
            raise MessageInvalid(
                f"idempotency_key: Resend takes {_KEY_LIMIT} characters, this one has {len(key)}.",
                field="idempotency_key",
            )
        headers = (*self._headers, ("Idempotency-Key", key)) if key else self._headers
        return HttpRequest.json("POST", self.url(path), payload, headers)

    def _fields(self, message: Message) -> dict[str, Any]:
        """Return a message as Resend's object; what is empty is left out, but for the subject."""
        if not message.to:
            raise MessageInvalid("to: Resend needs at least one address in to.", field="to")
        options = self.options(message, ResendOptions)
        said: dict[str, Any] = {
            "from": wire_form(message.from_),
            "to": [wire_form(each) for each in message.to],
            "cc": [wire_form(each) for each in message.cc],
            "bcc": [wire_form(each) for each in message.bcc],
            "reply_to": [wire_form(each) for each in message.reply_to],
            "text": message.text,
            "html": message.html,
            "headers": dict(header_pairs(message, without=("message-id",))),
            "attachments": [_file(each) for each in message.attachments],
            "tags": _tags(message),
            "scheduled_at": message.send_at and message.send_at.astimezone(UTC).isoformat(timespec="milliseconds"),
            "topic_id": options.topic_id,
        }
        said = {name: value for name, value in said.items() if value}
        if message.template is not None:
            said["template"] = {"id": message.template.id, "variables": message.merge_global}
        elif message.merge_global:
            raise unsupported("merge_global", self)  # only templates have variables
        said["subject"] = message.subject
        return said

    def _receipt(self, answer: Any, message: Message, response: HttpResponse) -> Receipt:
        found = dig(answer, "id")
        if not isinstance(found, str) or not found:
            raise self.unexpected(response)
        return self.receipt(message, provider_ids=(found,), message_id="", raw=answer)


def _tags(message: Message) -> list[dict[str, str]]:
    """Return tags (named tag1, tag2 …, for Resend's have names) and metadata, which are the same to Resend.

    Raises MessageInvalid for what Resend's tags cannot hold: they have ASCII letters, digits, _ and -.
    """
    named = {f"tag{number}": tag for number, tag in enumerate(message.tags, start=1)}
    named |= {name: _text_of(value) for name, value in message.metadata.items()}
    for name, value in named.items():
        field = "tags" if value in message.tags else "metadata"
        if not _TAG(name) or not _TAG(value):
            raise MessageInvalid(
                f"{field}: Resend's tags have 1 to 256 ASCII letters, digits, underscores and dashes, not {name}={value!r}.",
                field=field,
            )
    return [{"name": name, "value": value} for name, value in named.items()]


def _file(file: Attachment) -> dict[str, str]:
    """Return a file; one whose name belies its type is refused.

    Resend accepts such a message and then silently drops it (seen by Anymail 15.1).
    """
    name = file.filename or f"attachment{guess_extension(file.mime_type) or ''}"
    expected = guess_type(name)[0]
    if expected is None or (
        expected != file.mime_type and guess_extension(expected) != guess_extension(file.mime_type)
    ):
        raise MessageInvalid(
            f"attachments.filename: the name {name!r} does not go with the type {file.mime_type}, "
            "and Resend drops such messages without a word.",
            field="attachments.filename",
            hints=["Give the file a name with the extension of its type."],
        )
    said = {"filename": name, "content": base64_of(file), "content_type": file.content_type}
    if file.content_id:
        said["content_id"] = file.content_id
    return said


def _text_of(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
