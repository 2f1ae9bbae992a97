"""Messages as Postmark's requests, and its answers as receipts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
    RecipientRefused,
    RecipientStatus,
    SenderRefused,
    ServerError,
    Status,
    Verification,
    base64_of,
    dig,
    header_pairs,
    unsupported,
    wire_form,
    wire_forms,
)
from mailbridge.transports.postmark import plugin
from mailbridge.transports.postmark.settings import PostmarkOptions, PostmarkSettings

_INACTIVE = 406
_ADDRESSES = re.compile(r"[^\s,;:<>]+@[^\s,;:<>]+[^\s,;:<>.]").findall

# https://postmarkapp.com/developer/api/overview#error-codes (2026-11-22)
CODES: Mapping[str, type[MailError]] = {
    "10": AuthFailed,  # bad or missing token
    "100": ServerError,  # maintenance: nothing was taken
    "300": ContentRefused,  # invalid request
    "400": SenderRefused,  # no such sender signature
    "401": SenderRefused,  # sender signature not confirmed
    "405": ConfigError,  # not allowed to send: no credits left
    "406": RecipientRefused,  # every recipient is inactive
    "412": ConfigError,  # the account is still being approved: recipients must share the sender's domain
    "413": ConfigError,  # the account may not send
    "429": RateLimited,
    "1101": ContentRefused,  # no such template
    "1109": ContentRefused,  # a template model is missing
    "1120": ContentRefused,
    "1235": ConfigError,  # no such message stream
    "1236": ConfigError,  # the stream takes no mail
}


class PostmarkTransport(HttpTransport):
    """Sends by POST /email, /email/batch and, with templates, /email/batchWithTemplates.

    Postmark answers for each message, also within a batch. It writes the Message-ID itself.
    """

    plugin = plugin
    regions: ClassVar = {"": "https://api.postmarkapp.com"}
    codes = CODES

    def __init__(self, settings: PostmarkSettings) -> None:
        super().__init__(settings)
        self._headers = (("X-Postmark-Server-Token", settings.server_token.reveal()),)
        self._stream = settings.stream

    def kind(self, message: Message) -> object:
        """Return whether the message needs the endpoint for templates: a call is for one endpoint."""
        return message.template is not None

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message."""
        path = "/email" if message.template is None else "/email/withTemplate"
        return HttpRequest.json("POST", self.url(path), self._fields(message), self._headers)

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for several messages, complete each."""
        all_fields = [self._fields(message) for message in messages]
        if messages[0].template is None:
            return HttpRequest.json("POST", self.url("/email/batch"), all_fields, self._headers)
        payload = {"Messages": all_fields}
        return HttpRequest.json("POST", self.url("/email/batchWithTemplates"), payload, self._headers)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt of one message."""
        return self._receipt(response.data, message, response)

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return what became of each message of a batch; the status is 200 whatever that was."""
        if not isinstance(response.data, list):
            raise self.unexpected(response)
        outcomes: list[Outcome] = []
        for answer, message in zip(response.data, messages, strict=False):
            try:
                outcomes.append(self._receipt(answer, message, response))
            except MailError as error:
                outcomes.append(error.with_traceback(None))
        return outcomes

    def complaint(self, response: HttpResponse) -> Complaint:
        """Read `{"ErrorCode": 300, "Message": "…"}`."""
        code = response.get("ErrorCode")
        return Complaint(str(response.get("Message", default="")), "" if code is None else str(code))

    def check(self) -> HttpRequest:
        """Ask for the server that the token belongs to."""
        return HttpRequest("GET", self.url("/server"), self._headers)

    def checked(self, response: HttpResponse) -> Verification:
        """Say which server it is, and whether it delivers."""
        name, kind = response.get("Name"), response.get("DeliveryType")
        sandbox = " It is a sandbox: it delivers nothing." if kind == "Sandbox" else ""
        return self.verification(f"Postmark accepts the token of the server {name!r}.{sandbox}", delivery_type=kind)

    def _fields(self, message: Message) -> dict[str, Any]:
        """Return a message as Postmark's object; what is empty is left out, for templates forbid it."""
        options = self.options(message, PostmarkOptions)
        said: dict[str, Any] = {
            "From": wire_form(message.from_),
            "To": wire_forms(message.to),
            "Cc": wire_forms(message.cc),
            "Bcc": wire_forms(message.bcc),
            "ReplyTo": wire_forms(message.reply_to),
            "Subject": message.subject,
            "TextBody": message.text,
            "HtmlBody": message.html,
            "Tag": message.tags[0] if message.tags else "",
            "Metadata": {name: _text_of(value) for name, value in message.metadata.items()},
            "Headers": [{"Name": name, "Value": value} for name, value in header_pairs(message, without=_ITS_OWN)],
            "Attachments": [_file(each) for each in message.attachments],
            "MessageStream": message.stream or self._stream,
        }
        said = {name: value for name, value in said.items() if value}
        if message.track_opens is not None:
            said["TrackOpens"] = message.track_opens
        if options.track_links is not None:
            said["TrackLinks"] = options.track_links
        elif message.track_clicks is not None:
            said["TrackLinks"] = "HtmlAndText" if message.track_clicks else "None"
        if len(message.tags) > 1:
            raise MessageInvalid(f"tags: Postmark takes one, this message has {len(message.tags)}.", field="tags")
        if message.template is None:
            if message.merge_global:
                raise unsupported("merge_data", self)  # without a template Postmark ignores it, and says nothing
            return said
        return said | _template(message, options)

    def _receipt(self, answer: Any, message: Message, response: HttpResponse) -> Receipt:
        """Return the receipt for one answer, or raise what it says. Its code may be missing in delays."""
        said = Complaint(str(dig(answer, "Message", default="")), str(dig(answer, "ErrorCode", default=0)))
        found = dig(answer, "MessageID")
        if said.code != "0":
            raise self._refused(said, message)
        if not isinstance(found, str):
            raise self.unexpected(response)
        return self.receipt(
            message,
            _inactive(said.text),
            provider_ids=(found,),
            # https://postmarkapp.com/support/article/1268 (2026-11-22): the header is made of the id.
            message_id=f"<{found}@mtasv.net>",
            raw=answer,
        )

    def _refused(self, said: Complaint, message: Message) -> MailError:
        kind = self.codes.get(said.code, ContentRefused)
        rows = dict.fromkeys(
            (each.addr_spec for each in message.envelope.recipients),
            RecipientStatus(Status.REFUSED, _INACTIVE, text=said.text),
        )
        return kind(
            f"{self} refused the message: {said.text.rstrip('.')} (ErrorCode {said.code}).",
            phase="response",
            provider_code=said.code,
            recipients=rows if kind is RecipientRefused else (),
            transport=str(self),
        )


_ITS_OWN = ("message-id",)


def _template(message: Message, options: PostmarkOptions) -> dict[str, Any]:
    """Return what names the template; its model is wanted even when there is nothing in it."""
    assert message.template is not None  # noqa: S101
    name = message.template.id
    said: dict[str, Any] = {"TemplateId": int(name)} if name.isdigit() else {"TemplateAlias": name}
    said["TemplateModel"] = message.merge_global
    if options.inline_css is not None:
        said["InlineCss"] = options.inline_css
    return said


def _file(file: Attachment) -> dict[str, str]:
    said = {"Name": file.filename or "attachment", "Content": base64_of(file), "ContentType": file.content_type}
    if file.content_id:
        said["ContentID"] = file.cid
    return said


def _inactive(text: str) -> dict[str, RecipientStatus] | None:
    """Return the recipients that a success names as inactive: they get nothing until somebody reactivates them."""
    if "inactive" not in text.lower():
        return None
    row = RecipientStatus(Status.REFUSED, _INACTIVE, text=text)
    return {address.lower(): row for address in _ADDRESSES(text)}


def _text_of(value: object) -> str:
    """Return a value as a string: Postmark's metadata knows no other."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
