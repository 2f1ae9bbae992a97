"""Messages as Resend's requests, and its answers as receipts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from functools import partial
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
    OutcomeUnknown,
    Receipt,
    SenderRefused,
    Verification,
    base64_of,
    dig,
    header_map,
    text_of,
    typed_name,
    wire_form,
)
from mailbridge.transports.resend import plugin
from mailbridge.transports.resend.settings import ResendOptions, ResendSettings

# https://resend.com/docs/api-reference/errors (2026-11-22)
CODES: Mapping[str, type[MailError]] = {
    "concurrent_idempotent_requests": OutcomeUnknown,  # the first call with the key is under way: ask with it again
    "invalid_idempotent_request": ContentRefused,  # the key was used for another message
    "daily_quota_exceeded": ConfigError,  # 429, but no waiting of ours helps
    "monthly_quota_exceeded": ConfigError,
    "invalid_access": AuthFailed,
    "invalid_api_key": AuthFailed,  # 403
    "invalid_from_address": SenderRefused,
}
_UNVERIFIED = re.compile(r"domain is not verified|testing emails|not authorized to send", re.IGNORECASE).search
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}").fullmatch


class ResendTransport(HttpTransport):
    """Sends by POST /emails and /emails/batch, always with an idempotency key, which Resend keeps for 24 hours.

    In a batch the messages that Resend refuses are told by their number, and the others are sent. Resend
    writes the Message-ID itself and does not tell it.
    """

    plugin = plugin
    regions: ClassVar = {"": "https://api.resend.com"}
    codes = CODES
    data_needs_template = True

    def __init__(self, settings: ResendSettings) -> None:
        super().__init__(settings)
        self._headers = (("Authorization", f"Bearer {settings.api_key.reveal()}"),)

    def joins(self, message: Message) -> bool:
        """Whether a batch takes it: not with files, which it drops without a word, and not for later.

        https://resend.com/docs/dashboard/emails/batch-sending, github.com/utopia-php/messaging/pull/120 (2026-11-22).
        """
        return not message.attachments and message.send_at is None

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message."""
        return HttpRequest.json("POST", self.url("/emails"), self._fields(message), self._keyed((message,)))

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for several messages, complete each."""
        payload = [self._fields(message) for message in messages]
        # https://resend.com/changelog/batch-validation-modes (2025-09-19)
        headers = (*self._keyed(messages), ("x-batch-validation", "permissive"))
        return HttpRequest.json("POST", self.url("/emails/batch"), payload, headers)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt of one message."""
        return self._receipt(response, response.data, message)

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return the outcomes of a batch: refusals have the message's number, ids come in the order of the rest."""
        refusals = {
            each["index"]: self._refused(str(each.get("message", ""))) for each in response.get("errors", default=[])
        }
        taken = iter(response.get("data", default=[]))
        answers = [refusals[number] if number in refusals else next(taken, None) for number in range(len(messages))]
        return self.outcomes(partial(self._receipt, response), answers, messages)

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

    def excused(self, error: AuthFailed) -> Verification | None:
        """Take the refusal of a key that may only send for what it is: proof that the key is good."""
        if error.provider_code == "restricted_api_key":
            return self.verification("Resend accepts the key, which may send mail and nothing else.")
        return None

    def _keyed(self, messages: Sequence[Message]) -> tuple[tuple[str, str], ...]:
        key = self.key(messages)
        return (*self._headers, ("Idempotency-Key", key)) if key else self._headers

    def _fields(self, message: Message) -> dict[str, Any]:
        """Return a message as Resend's object; what is empty is left out, but for subject and text."""
        if not message.to:
            raise MessageInvalid("to: Resend needs at least one address in to.", field="to")
        said: dict[str, Any] = {
            "from": wire_form(message.from_),
            "to": [wire_form(each) for each in message.to],
            "cc": [wire_form(each) for each in message.cc],
            "bcc": [wire_form(each) for each in message.bcc],
            "reply_to": [wire_form(each) for each in message.reply_to],
            "headers": header_map(message, without=("message-id",)),
            "attachments": [self._file(each) for each in message.attachments],
            "tags": _tags(message),
            "scheduled_at": message.send_at and message.send_at.astimezone(UTC).isoformat(timespec="milliseconds"),
            "topic_id": self.options(message, ResendOptions).topic_id,
        }
        said = {name: value for name, value in said.items() if value}
        return said | (_content(message) if message.template is None else _template(message))

    def _file(self, file: Attachment) -> dict[str, str]:
        """Return a file; a name that belies the type is refused.

        Resend accepts such a message and then drops it without a word (seen by Anymail 15.1).
        """
        name = typed_name(file, str(self), parameters=True)
        said = {"filename": name, "content": base64_of(file), "content_type": file.content_type}
        if file.inline:
            return {**said, "content_id": file.content_id or ""}
        if file.content_id:
            raise MessageInvalid(
                "attachments.content_id: Resend shows a file with a content id inside the HTML; "
                "make it inline, or leave the content id out.",
                field="attachments.content_id",
            )
        return said

    def _receipt(self, response: HttpResponse, answer: Any, message: Message) -> Receipt:
        """Return the receipt for one answer; raise the refusal that may stand in its place."""
        if isinstance(answer, MailError):
            raise answer
        found = dig(answer, "id")
        if not isinstance(found, str) or not found:
            raise self.unexpected(response)
        return self.receipt(message, provider_ids=(found,), message_id="", raw=answer)

    def _refused(self, text: str) -> MailError:
        kind = SenderRefused if _UNVERIFIED(text) else ContentRefused
        return kind(f"{self} refused the message: {text.rstrip('. ')}.", phase="response", transport=str(self))


def _content(message: Message) -> dict[str, str]:
    """Return subject and body; an empty text keeps Resend from making one of the HTML."""
    if not message.text and not message.html:
        raise MessageInvalid("text: Resend takes no message without a text or an HTML.", field="text")
    forms = {"text": message.text, "html": message.html or None}
    return {"subject": message.subject} | {name: text for name, text in forms.items() if text is not None}


def _template(message: Message) -> dict[str, Any]:
    """Return what names the template and fills it; it has the body, and a subject where the message has none."""
    template = message.template
    assert template is not None  # noqa: S101
    if message.text is not None or message.html is not None:
        raise MessageInvalid("text: Resend takes the text from the template; leave it out.", field="text")
    if template.version is not None:
        raise MessageInvalid("template: Resend sends the version that is published.", field="template")
    for name, value in message.merge_global.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise MessageInvalid(f"merge_global.{name}: Resend's variables are texts or numbers.", field="merge_global")
    said: dict[str, Any] = {"template": {"id": template.id, "variables": message.merge_global}}
    return said | ({"subject": message.subject} if message.subject else {})


def _tags(message: Message) -> list[dict[str, str]]:
    """Return Resend's tags, which are pairs: metadata under their names, tags under tag1, tag2 …

    Raises MessageInvalid for what they cannot hold.
    """
    pairs = [("tags", f"tag{number}", tag) for number, tag in enumerate(message.tags, start=1)]
    pairs += [("metadata", name, text_of(value)) for name, value in message.metadata.items()]
    for field, name, value in pairs:
        if not _TAG(name) or not _TAG(value):
            raise MessageInvalid(
                f"{field}: Resend's tags have 1 to 256 ASCII letters, digits, underscores and dashes, "
                f"not {name}={value!r}.",
                field=field,
                hints=["Give an id in place of a text; or put it into headers, which the recipient can see."],
            )
    named = {name: value for _, name, value in pairs}
    if len(named) < len(pairs):
        raise MessageInvalid("metadata: the names tag1, tag2 … are those of the tags.", field="metadata")
    return [{"name": name, "value": value} for name, value in named.items()]
