"""Messages as Mandrill's requests, and its answers as receipts."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from datetime import UTC
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
    RecipientStatus,
    SenderRefused,
    ServerError,
    Status,
    Verification,
    base64_of,
    dig,
    distinct,
    encoded_form,
    encoded_text,
    header_map,
    text_of,
)
from mailbridge.transports.mandrill import plugin
from mailbridge.transports.mandrill.settings import MandrillOptions, MandrillSettings

# By name and not by status: for years every error came with 500, the one for a wrong key too. Not here is
# GeneralError, after which nobody knows. The names are those of Mandrill's own libraries (mandrill-api 1.0.55).
CODES: Mapping[str, type[MailError]] = {
    "Invalid_Key": AuthFailed,
    "PaymentRequired": ConfigError,
    "PoorReputation": ConfigError,
    "ServiceUnavailable": ServerError,
    "Unknown_Pool": ConfigError,
    "Unknown_Subaccount": ConfigError,
    "Unknown_TrackingDomain": ConfigError,
    "Unknown_Template": ContentRefused,
    "Invalid_Template": ContentRefused,
    "ValidationError": ContentRefused,
}
REASONS: Mapping[str, type[MailError]] = {
    "invalid-sender": SenderRefused,
    "unsigned": SenderRefused,  # a domain without SPF and DKIM
    "rule": ContentRefused,  # a rule of the account
    "test-mode-limit": RateLimited,
}
"""Reasons of a rejection that are not the recipient's."""

_TAKEN = ("sent", "queued", "scheduled")
_ASIDE = frozenset({"background", "ip_pool", "template_content"})
"""Options that stand beside the message, not in it."""


class MandrillTransport(HttpTransport):
    """Sends by POST /messages/send.json and /messages/send-template.json, with the key in the body.

    Messages that differ only in recipient, merge data and metadata share a call: everybody gets a copy of
    his own (`preserve_recipients` false), with `merge_vars` and `recipient_metadata` of his own. Mandrill
    answers for each recipient, by address. It writes the Message-ID itself, and does not tell it.

    /messages/send-raw, for MIME, is not used: it works as SMTP does, where Mandrill rewrites To and Cc and has
    shown Bcc recipients to everybody (chrisyuska.com/blog/rails-mandrill-and-blind-carbon-copy-bcc, 2016).
    """

    plugin = plugin
    regions: ClassVar = {"": "https://mandrillapp.com/api/1.0"}
    codes = CODES
    by_address = True
    sharing = (
        "from_", "reply_to", "subject", "text", "html", "attachments", "headers", "in_reply_to", "references",
        "list_unsubscribe", "list_unsubscribe_post", "priority", "tags", "track_opens", "track_clicks", "send_at",
        "template", "provider_options",
    )  # fmt: skip

    def __init__(self, settings: MandrillSettings) -> None:
        super().__init__(settings)
        self._key = settings.api_key.reveal()

    def joins(self, message: Message) -> bool:
        """Whether it is to one address alone: who is in cc or bcc would get one copy of all of them, and no header."""
        return len(message.to) == 1 and not message.cc and not message.bcc

    def kind(self, message: Message) -> Hashable:
        """Keep messages without merge data apart: what looks like a merge tag in them is text."""
        return (super().kind(message), bool(message.merge_global))

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message, whose recipients see each other."""
        said: dict[str, Any] = {"to": list(_recipients(message)), "preserve_recipients": True}
        if message.merge_global:
            said["global_merge_vars"] = self._variables(message)
        if message.metadata:
            said["metadata"] = message.metadata
        return self._call(message, said)

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for messages that are to one recipient each."""
        said: dict[str, Any] = {
            "to": [to for each in messages for to in _recipients(each)],
            "preserve_recipients": False,
        }
        if messages[0].merge_global:
            said["merge_vars"] = [{"rcpt": each.to[0].wire, "vars": self._variables(each)} for each in messages]
        if metadata := [{"rcpt": each.to[0].wire, "values": each.metadata} for each in messages if each.metadata]:
            said["recipient_metadata"] = metadata
        return self._call(messages[0], said)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt of one message."""
        return self._receipt(response, _answers(response), message)

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return what became of each message, by its recipient's address."""
        answers = _answers(response)
        return self.outcomes(lambda _, message: self._receipt(response, answers, message), messages, messages)

    def complaint(self, response: HttpResponse) -> Complaint:
        """Read `{"status": "error", "code": -1, "name": "Invalid_Key", "message": "Invalid API key"}`."""
        return Complaint(str(response.get("message", default="")), str(response.get("name", default="")))

    def check(self) -> HttpRequest:
        """Ask for a pong."""
        return HttpRequest.json("POST", self.url("/users/ping2.json"), {"key": self._key})

    def checked(self, response: HttpResponse) -> Verification:
        """Say that the key is good; a page that somebody else answers with has no pong."""
        return self.verification(f"Mandrill accepts the key, and says {response.data['PING']}")

    def _call(self, message: Message, own: dict[str, Any]) -> HttpRequest:
        """Return the call that says `own` beside what all its messages have in common."""
        options = self.options(message, MandrillOptions)
        payload: dict[str, Any] = {"key": self._key, "message": self._shared(message, options) | own}
        if options.background is not None:
            payload["async"] = options.background
        if options.ip_pool is not None:
            payload["ip_pool"] = options.ip_pool
        if message.send_at is not None:
            payload["send_at"] = message.send_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        if message.template is None:
            return HttpRequest.json("POST", self.url("/messages/send.json"), payload)
        payload["template_name"] = _template(message)
        blocks = (options.template_content or {}).items()
        payload["template_content"] = [{"name": name, "content": content} for name, content in blocks]
        return HttpRequest.json("POST", self.url("/messages/send-template.json"), payload)

    def _shared(self, message: Message, options: MandrillOptions) -> dict[str, Any]:
        said: dict[str, Any] = {"from_email": message.from_.wire, "from_name": message.from_.name}
        said |= {"subject": message.subject, "text": message.text, "html": message.html}
        said |= {"headers": _headers(message), "tags": list(message.tags)}
        said["attachments"] = [_file(each) for each in message.attachments if not each.inline]
        said["images"] = [_image(each) for each in message.attachments if each.inline]
        said["subaccount"] = self.settings.subaccount
        if self.settings.merge_language != "mailchimp":
            said["merge_language"] = self.settings.merge_language
        said = {name: value for name, value in said.items() if value}
        if message.track_opens is not None:
            said["track_opens"] = message.track_opens
        if message.track_clicks is not None:
            said["track_clicks"] = message.track_clicks
        return said | options.model_dump(exclude=set(_ASIDE), exclude_none=True)

    def _variables(self, message: Message) -> list[dict[str, Any]]:
        """Return merge data as Mandrill's pairs; lists and tables are for handlebars only."""
        language = self.options(message, MandrillOptions).merge_language or self.settings.merge_language
        if language == "handlebars":
            return [{"name": name, "content": value} for name, value in message.merge_global.items()]
        return [{"name": name, "content": _merged(name, value)} for name, value in message.merge_global.items()]

    def _receipt(self, response: HttpResponse, answers: Mapping[str, Any], message: Message) -> Receipt:
        """Return the receipt of one message, or raise what its recipients have in common."""
        found = {to: answers[name] for to in message.recipients if (name := to.wire.lower()) in answers}
        if not found:
            raise self.unexpected(response)
        if kind := _reason(found.values()):
            raise self._refused(kind, next(iter(found.values())))
        return self.receipt(
            message,
            {to.key: _row(found.get(to)) for to in message.recipients},
            provider_ids=[str(each["_id"]) for each in found.values() if each.get("_id")],
            message_id="",
            raw=list(found.values()),
        )

    def _refused(self, kind: type[MailError], answer: Mapping[str, Any]) -> MailError:
        reason = str(answer.get("reject_reason"))
        return kind(
            f"{self} rejected the message: {reason}.", phase="response", provider_code=reason, transport=str(self)
        )


def _recipients(message: Message) -> Iterator[dict[str, str]]:
    for kind, addresses in distinct(message).items():
        for each in addresses:
            yield {"email": each.wire, "type": kind} | ({"name": each.name} if each.name else {})


def _headers(message: Message) -> dict[str, str]:
    """Return the headers in ASCII, for Mandrill passes them on as they are."""
    headers = {name: encoded_text(text) for name, text in header_map(message, without=("message-id",)).items()}
    if message.reply_to:
        headers["Reply-To"] = ", ".join(map(encoded_form, message.reply_to))
    return headers


def _template(message: Message) -> str:
    template = message.template
    assert template is not None  # noqa: S101
    if message.html:
        raise MessageInvalid("html: Mandrill takes it from the template; leave it out.", field="html")
    if template.version is not None:
        raise MessageInvalid("template: Mandrill sends the published version of a template only.", field="template")
    return template.id


def _file(file: Attachment) -> dict[str, str]:
    if file.content_id:
        raise MessageInvalid("attachments: Mandrill has content ids for inline images only.", field="attachments")
    return {"type": file.content_type, "name": file.filename or "attachment", "content": base64_of(file)}


def _image(file: Attachment) -> dict[str, str]:
    """Return an inline image, which has its content id for a name."""
    if not file.mime_type.startswith("image/"):
        raise MessageInvalid("attachments: Mandrill shows images inline, nothing else.", field="attachments")
    return {"type": file.content_type, "name": file.content_id or "", "content": base64_of(file)}


def _answers(response: HttpResponse) -> dict[str, Any]:
    """Return the answers by address; Mandrill spells it as we sent it, or in small letters."""
    rows = response.data if isinstance(response.data, list) else []
    return {str(row["email"]).lower(): row for row in rows if dig(row, "email") and dig(row, "status")}


def _row(answer: Mapping[str, Any] | None) -> RecipientStatus:
    """Return the fate of one recipient."""
    if answer is None:
        return RecipientStatus(Status.UNKNOWN, text="Mandrill did not answer for this recipient")
    status, found = str(answer["status"]), str(answer.get("_id") or "")
    if status in _TAKEN:
        return RecipientStatus(Status.ACCEPTED, text=str(answer.get("queued_reason") or ""), provider_id=found)
    if status in ("rejected", "invalid"):
        return RecipientStatus(Status.REFUSED, text=str(answer.get("reject_reason") or status), provider_id=found)
    return RecipientStatus(Status.UNKNOWN, text=status, provider_id=found)


def _reason(answers: Collection[Mapping[str, Any]]) -> type[MailError] | None:
    """Return the error that all of these rejections are, if it is not their recipients' fault."""
    kinds = {REASONS.get(str(each.get("reject_reason"))) if each["status"] == "rejected" else None for each in answers}
    return kinds.pop() if len(kinds) == 1 else None


def _merged(name: str, value: object) -> str:
    """Return a value as text, which is all that Mailchimp's merge tags know."""
    if isinstance(value, str | int | float | None):
        return text_of(value)
    raise MessageInvalid(
        f"merge_global: {name} is a list or a table, which needs merge_language=handlebars.", field="merge_global"
    )
