"""Messages as Mailjet's requests, and its answers as receipts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from mailbridge.extend import (
    Address,
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
    RecipientStatus,
    SenderRefused,
    Status,
    Verification,
    base64_of,
    dig,
    distinct,
    header_map,
)
from mailbridge.transports.mailjet import plugin
from mailbridge.transports.mailjet.settings import MailjetOptions, MailjetSettings

# https://dev.mailjet.com/email/guides/send-api-v31, "Send API errors" (2026-11-22); all others are about the message.
CODES: Mapping[str, type[MailError]] = {
    "send-0006": SenderRefused,  # no permission to use a Sender
    "send-0007": SenderRefused,  # Sender not validated
    "send-0008": SenderRefused,  # From not authorised
    "mj-0001": ConfigError,  # key suspended
    "mj-0015": AuthFailed,
}
_CONTENT = ("from_", "sender", "reply_to", "subject", "text", "html", "attachments", "tags", "track_opens",
            "track_clicks", "template", "provider_options")  # fmt: skip
"""What messages of a call may have in common, to be said once."""


class MailjetTransport(HttpTransport):
    """Sends by POST /v3.1/send, up to 50 messages with up to 50 recipients altogether.

    Mailjet answers for each message and each recipient. A call with one refused message among good ones has
    the status of an error although the good ones are sent. It writes the Message-ID itself, refuses ours,
    and does not tell it.
    """

    plugin = plugin
    regions: ClassVar = {"global": "https://api.mailjet.com", "us": "https://api.us.mailjet.com"}
    codes = CODES

    def __init__(self, settings: MailjetSettings) -> None:
        super().__init__(settings)
        self._headers = (("Authorization", f"Basic {settings.basic}"),)
        self._sandbox = settings.sandbox

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message."""
        return self._call({"Messages": [self._content(message) | _own(message)]})

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for several messages; content that all of them share is said once."""
        first = messages[0]
        if all(getattr(message, name) == getattr(first, name) for message in messages[1:] for name in _CONTENT):
            return self._call({"Globals": self._content(first), "Messages": list(map(_own, messages))})
        return self._call({"Messages": [self._content(each) | _own(each) for each in messages]})

    def tells(self, response: HttpResponse) -> bool:
        """Whether the answer is for each message: with a refused one among them the status is 4xx."""
        return response.successful or (response.status < 500 and isinstance(response.get("Messages"), list))

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt of one message."""
        return self._receipt(response, response.get("Messages", 0), message)

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return what became of each message of a call."""
        answers = response.get("Messages")
        if not isinstance(answers, list):
            raise self.unexpected(response)
        return self.outcomes(partial(self._receipt, response), answers, messages)

    def complaint(self, response: HttpResponse) -> Complaint:
        """Read `{"ErrorCode": "mj-0002", "StatusCode": 400, "ErrorMessage": "…", "ErrorRelatedTo": ["To"]}`."""
        return _said(response.data)

    def meaning(self, response: HttpResponse, said: Complaint) -> type[MailError] | None:
        """Take a refusal that broke off for nothing: there may have been messages in it that were sent."""
        whole = response.complete or response.status in (401, 429)  # which are said of a call only
        return super().meaning(response, said) if whole else OutcomeUnknown

    def check(self) -> HttpRequest:
        """Ask for the senders of the account."""
        return HttpRequest("GET", self.url("/v3/REST/sender?Limit=1000"), self._headers)

    def checked(self, response: HttpResponse) -> Verification:
        """Say who may send: Mailjet takes mail of others too, and keeps it back."""
        rows = response.get("Data", default=[])
        senders = [str(dig(row, "Email")) for row in rows if dig(row, "Status") == "Active"]
        who = (
            f"senders are {', '.join(senders[:5])}{' …' if len(senders) > 5 else ''}"
            if senders
            else "no sender is active"
        )
        sandbox = " Nothing is sent: sandbox is on." if self._sandbox else ""
        return self.verification(f"Mailjet accepts the keys; {who}.{sandbox}", senders=senders)

    def _call(self, payload: dict[str, Any]) -> HttpRequest:
        if self._sandbox:
            payload["SandboxMode"] = True
        return HttpRequest.json("POST", self.url("/v3.1/send"), payload, self._headers)

    def _content(self, message: Message) -> dict[str, Any]:
        """Return what messages may share: everything but recipients, headers and data."""
        options = self.options(message, MailjetOptions)
        if len(message.tags) > 1:
            raise MessageInvalid(f"tags: Mailjet takes one, this message has {len(message.tags)}.", field="tags")
        said: dict[str, Any] = {
            "From": _mailbox(message.from_),
            "Sender": _mailbox(message.sender) if message.sender else None,
            "ReplyTo": _mailbox(message.reply_to[0]) if message.reply_to else None,
            "Subject": message.subject,
            "Attachments": [_file(each) for each in message.attachments if not each.inline],
            "InlinedAttachments": [_image(each) for each in message.attachments if each.inline],
            "CustomCampaign": "".join(message.tags),
            "TrackOpens": _switch(message.track_opens),
            "TrackClicks": _switch(message.track_clicks),
        }
        said |= _body(message)
        return {name: value for name, value in said.items() if value} | _optional(options)

    def _receipt(self, response: HttpResponse, answer: Any, message: Message) -> Receipt:
        """Return the receipt for one answer, or raise what it says."""
        status = dig(answer, "Status")
        if status == "error":
            raise self._refused(answer)
        found = {} if status != "success" else dict(_told(answer))
        rows = {to.key: _row(found, to) for to in message.recipients}
        if all(row.status is Status.UNKNOWN for row in rows.values()):
            raise self.unexpected(response)
        ids = [row.provider_id for row in rows.values() if row.provider_id]
        return self.receipt(message, rows, provider_ids=ids, message_id="", raw=answer)

    def _refused(self, answer: Mapping[str, Any]) -> MailError:
        """Return the error for all that is wrong with one message."""
        said = [_said(each) for each in answer.get("Errors") or []] or [Complaint("it does not say why")]
        first, status = said[0], dig(answer, "Errors", 0, "StatusCode")
        kind = self.codes.get(first.code) or (AuthFailed if status == 401 else ContentRefused)
        words = "; ".join(f"{each.text.rstrip('. ')} ({', '.join(filter(None, each[1:]))})" for each in said)
        return kind(
            f"{self} refused the message: {words}.",
            phase="response",
            code=status if isinstance(status, int) else None,
            provider_code=first.code,
            transport=str(self),
        )


def _body(message: Message) -> dict[str, Any]:
    """Return text and HTML, or the template, which brings its own."""
    template = message.template
    if template is None:
        if not message.text and not message.html:
            raise MessageInvalid("text: Mailjet takes no message without a text or an HTML.", field="text")
        return {"TextPart": message.text, "HTMLPart": message.html}
    for field in ("text", "html"):
        if getattr(message, field):
            raise MessageInvalid(f"{field}: Mailjet takes it from the template; leave it out.", field=field)
    if template.version is not None or not (template.id.isascii() and template.id.isdigit()):
        raise MessageInvalid("template: Mailjet names templates by a number, and keeps no versions.", field="template")
    return {"TemplateID": int(template.id)}


def _optional(options: MailjetOptions) -> dict[str, Any]:
    report = options.template_error_reporting
    said = {
        "CustomID": options.custom_id,
        "DeduplicateCampaign": options.deduplicate_campaign,
        "Priority": options.priority,
        "URLTags": options.url_tags,
        "TemplateErrorReporting": None if report is None else {"Email": report},
        "TemplateErrorDeliver": options.template_error_deliver,
    }
    return {name: value for name, value in said.items() if value is not None}


def _own(message: Message) -> dict[str, Any]:
    """Return what is said for one message of a call."""
    said: dict[str, Any] = {field.capitalize(): list(map(_mailbox, each)) for field, each in distinct(message).items()}
    if "To" not in said:
        raise MessageInvalid("to: Mailjet needs at least one address in to.", field="to")
    if headers := header_map(message, without=("message-id",)):
        said["Headers"] = headers
    if message.metadata:
        said["EventPayload"] = json.dumps(message.metadata, ensure_ascii=False)
    if message.merge_global:
        said["Variables"] = message.merge_global
    if message.merge_global or message.template is not None:
        said["TemplateLanguage"] = True  # or {{var:name}} and [[var:name]] stay as they are
    return said


def _mailbox(address: Address) -> dict[str, str]:
    return {"Email": address.wire, "Name": address.name} if address.name else {"Email": address.wire}


def _file(file: Attachment) -> dict[str, str]:
    if file.content_id and not file.inline:
        raise MessageInvalid("attachments: Mailjet has content ids for inline files only.", field="attachments")
    if not file.content:
        raise MessageInvalid("attachments: Mailjet takes no empty file.", field="attachments")
    return {
        "ContentType": _content_type(file),
        "Filename": file.filename or "attachment",
        "Base64Content": base64_of(file),
    }


def _image(file: Attachment) -> dict[str, str]:
    return _file(file) | {"ContentID": file.content_id or ""}


def _content_type(file: Attachment) -> str:
    """Return the type without its charset, for Mailjet adds UTF-8 to texts whatever is there (seen by Anymail)."""
    kind, *parameters = [each.strip() for each in file.content_type.split(";")]
    charset = next((each[8:].strip('"').lower() for each in parameters if each.lower().startswith("charset=")), "utf-8")
    if kind.startswith("text/") and charset not in ("utf-8", "us-ascii"):
        raise MessageInvalid("attachments: Mailjet takes every text file for UTF-8; encode it so.", field="attachments")
    return "; ".join([kind, *(each for each in parameters if not each.lower().startswith("charset="))])


def _switch(wanted: bool | None) -> str:
    return "" if wanted is None else "enabled" if wanted else "disabled"


def _told(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield address and id of everybody in an answer; in the sandbox the id is 0."""
    for field in ("To", "Cc", "Bcc"):
        for each in answer.get(field) or []:
            # Events have this id, not the UUID; as text, for JavaScript and JSON lose its last digits.
            yield str(dig(each, "Email")).lower(), str(dig(each, "MessageID") or "")


def _row(found: Mapping[str, str], to: Address) -> RecipientStatus:
    if (name := to.wire.lower()) in found:
        return RecipientStatus(Status.ACCEPTED, provider_id=found[name])
    return RecipientStatus(Status.UNKNOWN, text="Mailjet did not answer for this recipient")


def _said(answer: Any) -> Complaint:
    related = dig(answer, "ErrorRelatedTo")
    text, code = dig(answer, "ErrorMessage", default=""), dig(answer, "ErrorCode", default="")
    return Complaint(str(text), str(code), ", ".join(map(str, related)) if isinstance(related, list) else "")
