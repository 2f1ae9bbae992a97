"""Messages as Postmark's requests, and its answers as receipts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
    text_of,
    wire_form,
    wire_forms,
)
from mailbridge.transports.postmark import plugin
from mailbridge.transports.postmark.settings import PostmarkOptions, PostmarkSettings

# https://postmarkapp.com/developer/api/overview#error-codes (2026-11-22)
CODES: Mapping[str, type[MailError]] = {
    "10": AuthFailed,  # bad or missing token
    "100": ServerError,  # maintenance: nothing was taken
    "300": ContentRefused,  # invalid request
    "400": SenderRefused,  # no such sender signature
    "401": SenderRefused,  # sender signature not confirmed
    "402": ContentRefused,  # no JSON
    "403": ContentRefused,  # JSON of another shape
    "405": ConfigError,  # no credits left
    "406": RecipientRefused,  # every recipient is inactive: bounced, complained, or suppressed by hand
    "409": ContentRefused,
    "410": ContentRefused,  # more than 500 messages in a batch
    "411": ContentRefused,  # forbidden attachment type
    "412": ConfigError,  # account not yet approved: recipients must share the sender's domain
    "413": ConfigError,  # account may not send
    "429": RateLimited,
    "1101": ContentRefused,  # no such template
    "1109": ContentRefused,  # template and model do not fit
    "1235": ConfigError,  # no such message stream
}
_FIELD = re.compile(r"'(From|To|Cc|Bcc|ReplyTo|Subject|Tag|Headers|Metadata|Attachments?)'").search
_INACTIVE = re.compile(r"inactive addresses: *(.+)", re.DOTALL).search
_KEEP_ID = "X-PM-KeepID"


class PostmarkTransport(HttpTransport):
    """Sends by POST /email and /email/batch, with templates by /email/withTemplate and …/batchWithTemplates.

    Postmark answers for each message, within a batch as well. A private copy for each recipient is a
    message of its own in a batch; /email/bulk is not used, because it tells no ids and no refusals.
    """

    plugin = plugin
    regions: ClassVar = {"": "https://api.postmarkapp.com"}
    codes = CODES
    data_needs_template = True

    def __init__(self, settings: PostmarkSettings) -> None:
        super().__init__(settings)
        token = settings.server_token.reveal()
        self._headers = (("X-Postmark-Server-Token", token), ("Accept", "application/json"))
        self._stream = settings.stream

    def kind(self, message: Message) -> bool:
        """Return whether the message needs the endpoint for templates: a call is for one endpoint."""
        return message.template is not None

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message."""
        path = "/email" if message.template is None else "/email/withTemplate"
        return HttpRequest.json("POST", self.url(path), self._fields(message), self._headers)

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for several messages, complete each."""
        each = [self._fields(message) for message in messages]
        if messages[0].template is None:
            return HttpRequest.json("POST", self.url("/email/batch"), each, self._headers)
        return HttpRequest.json("POST", self.url("/email/batchWithTemplates"), {"Messages": each}, self._headers)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt of one message."""
        return self._receipt(response, response.data, message)

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return what became of each message of a batch; the status is 200 whatever that was."""
        if not isinstance(response.data, list):
            raise self.unexpected(response)
        return self.outcomes(partial(self._receipt, response), response.data, messages)

    def complaint(self, response: HttpResponse) -> Complaint:
        """Read `{"ErrorCode": 300, "Message": "Invalid 'From' address: …"}`."""
        return _said(response.data)

    def check(self) -> HttpRequest:
        """Ask for the server that the token belongs to."""
        return HttpRequest("GET", self.url("/server"), self._headers)

    def checked(self, response: HttpResponse) -> Verification:
        """Say which server it is, and whether it delivers."""
        name, kind = response.get("Name"), response.get("DeliveryType")
        sandbox = " It is a sandbox: it delivers nothing." if kind == "Sandbox" else ""
        return self.verification(f"Postmark accepts the token of the server {name!r}.{sandbox}", delivery_type=kind)

    def _fields(self, message: Message) -> dict[str, Any]:
        """Return a message as Postmark's object; what is empty is left out."""
        options = self.options(message, PostmarkOptions)
        if len(message.tags) > 1:
            raise MessageInvalid(f"tags: Postmark takes one, this message has {len(message.tags)}.", field="tags")
        said: dict[str, Any] = {
            "From": wire_form(message.from_),
            "To": wire_forms(message.to),
            "Cc": wire_forms(message.cc),
            "Bcc": wire_forms(message.bcc),
            "ReplyTo": wire_forms(message.reply_to),
            "Tag": "".join(message.tags),
            "Metadata": {name: text_of(value) for name, value in message.metadata.items()},
            "Headers": [{"Name": name, "Value": value} for name, value in _headers(message)],
            "Attachments": [self._file(each) for each in message.attachments],
            "MessageStream": message.stream or self._stream,
        }
        said = {name: value for name, value in said.items() if value}
        said |= _content(message) if message.template is None else _template(message, options)
        if message.track_opens is not None:
            said["TrackOpens"] = message.track_opens
        if options.track_links is not None:
            said["TrackLinks"] = options.track_links
        elif message.track_clicks is not None:
            said["TrackLinks"] = "HtmlAndText" if message.track_clicks else "None"
        return said

    def _file(self, file: Attachment) -> dict[str, str]:
        said = {"Name": file.filename or "attachment", "Content": base64_of(file), "ContentType": file.content_type}
        if file.inline:
            said["ContentID"] = file.cid
        elif file.content_id:
            # A ContentID makes the file inline (github.com/OpenBuildings/postmark/pull/39), whatever it is.
            raise MessageInvalid(
                "attachments: Postmark shows a file with a content id inside the HTML; "
                "make it inline, or leave the content id out.",
                field="attachments",
            )
        return said

    def _receipt(self, response: HttpResponse, answer: Any, message: Message) -> Receipt:
        """Return the receipt for one answer, or raise what it says.

        In a delay of Postmark's own, the code may be missing although the message was taken.
        """
        said, found = _said(answer), dig(answer, "MessageID")
        if said.code not in ("", "0"):
            raise self._refused(said, message)
        if not isinstance(found, str) or not found:
            raise self.unexpected(response)
        return self.receipt(
            message,
            _inactive(message, said.text),
            provider_ids=(found,),
            message_id=message.message_id or f"<{found}@mtasv.net>",
            raw=answer,
        )

    def _refused(self, said: Complaint, message: Message) -> MailError:
        kind = self.codes.get(said.code, ContentRefused)
        row = RecipientStatus(Status.REFUSED, text=said.text)
        return kind(
            f"{self} refused the message: {said.text.rstrip('. ')} (ErrorCode {said.code}).",
            phase="response",
            provider_code=said.code,
            recipients={to.addr_spec: row for to in message.recipients} if kind is RecipientRefused else (),
            transport=str(self),
        )


def _headers(message: Message) -> list[tuple[str, str]]:
    """Return the headers, and the one that keeps our Message-ID: without it Postmark writes its own.

    As the vendor's library does, github.com/ActiveCampaign/swiftmailer-postmark src/Postmark/Transport.php.
    """
    pairs = header_pairs(message)
    return [*pairs, (_KEEP_ID, "true")] if message.message_id else pairs


def _content(message: Message) -> dict[str, str]:
    """Return subject and body, empty ones too: Postmark refuses a message without a body, and says so."""
    forms = {"Subject": message.subject, "TextBody": message.text, "HtmlBody": message.html}
    return {name: text for name, text in forms.items() if text is not None}


def _template(message: Message, options: PostmarkOptions) -> dict[str, Any]:
    """Return what names the template and fills it; subject and body are the template's own."""
    template = message.template
    assert template is not None  # noqa: S101
    for field in ("subject", "text", "html"):
        if getattr(message, field):
            raise MessageInvalid(f"{field}: Postmark takes it from the template; leave it out.", field=field)
    if template.version is not None:
        raise MessageInvalid("template: Postmark keeps no versions of a template.", field="template")
    number = template.id.isascii() and template.id.isdigit()
    said: dict[str, Any] = {"TemplateId": int(template.id)} if number else {"TemplateAlias": template.id}
    said["TemplateModel"] = message.merge_global  # wanted, also when there is nothing in it
    if options.inline_css is not None:
        said["InlineCss"] = options.inline_css
    return said


def _said(answer: Any) -> Complaint:
    text, code = dig(answer, "Message", default=""), dig(answer, "ErrorCode")
    about = _FIELD(text) if isinstance(text, str) else None
    return Complaint(str(text), "" if code is None else str(code), about[1] if about else "")


def _inactive(message: Message, text: str) -> dict[str, RecipientStatus]:
    """Return the recipients whom a success names as inactive, in small letters; they get nothing.

    "Message OK, but will not deliver to these inactive addresses: ann@example.org, bob@example.org"
    (github.com/ActiveCampaign/postmark.js/issues/87).
    """
    if not (found := _INACTIVE(text)):
        return {}
    named = {each.strip(" .<>").lower() for each in found[1].split(",")}
    row = RecipientStatus(Status.REFUSED, text=text)
    return {to.key: row for to in message.recipients if not named.isdisjoint((to.key, to.addr_spec.lower()))}
