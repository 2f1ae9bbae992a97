"""Messages as Elastic Email's requests, and its answers as receipts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any, ClassVar

from mailbridge.extend import (
    Attachment,
    Complaint,
    ConfigError,
    HttpRequest,
    HttpResponse,
    HttpTransport,
    MailError,
    Message,
    MessageInvalid,
    Outcome,
    Receipt,
    SenderRefused,
    Verification,
    base64_of,
    distinct,
    header_map,
    text_of,
    wire_form,
)
from mailbridge.transports.elasticemail import plugin
from mailbridge.transports.elasticemail.settings import ElasticEmailOptions, ElasticEmailSettings

_BAD_SENDER = re.compile(
    r"\b(from|sender)\b.*\b(verified|valid|allowed|confirmed)\b|\bdomain\b.*\bverified\b", re.IGNORECASE
).search
_NO_CREDIT = re.compile(r"\bcredits?\b|\bdaily (send )?limit\b|\bplan\b", re.IGNORECASE).search
_FIELDS = {"To": "to", "CC": "cc", "BCC": "bcc"}


class ElasticEmailTransport(HttpTransport):
    """Sends by POST /emails/transactional; messages that differ in recipient and data share a POST /emails.

    Such a call makes a private copy for each recipient. It takes bare addresses only, so that a message
    whose recipient has a name, like one with several recipients, makes a call of its own.
    """

    plugin = plugin
    regions: ClassVar = {"": "https://api.elasticemail.com/v4"}
    by_address = True
    sharing = (
        "from_", "reply_to", "subject", "text", "html", "amp", "attachments", "headers", "in_reply_to", "references",
        "list_unsubscribe", "list_unsubscribe_post", "priority", "envelope_sender", "metadata", "tags", "track_opens",
        "track_clicks", "template", "provider_options",
    )  # fmt: skip

    def __init__(self, settings: ElasticEmailSettings) -> None:
        super().__init__(settings)
        self._headers = (("X-ElasticEmail-ApiKey", settings.api_key.reveal()), ("Accept", "application/json"))

    def joins(self, message: Message) -> bool:
        """Whether a call with others can say its recipients."""
        return len(message.recipients) == len(message.to) == 1 and not message.to[0].name

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message, whose recipients see each other."""
        if not message.to:
            raise MessageInvalid("to: Elastic Email needs at least one address in to.", field="to")
        named = distinct(message)
        recipients = {
            name: [wire_form(each) for each in named[field]] for name, field in _FIELDS.items() if field in named
        }
        content = self._content(message)
        if message.merge_global:
            content["Merge"] = _texts(message.merge_global)
        payload = {"Recipients": recipients, "Content": content} | self._options(message)
        return HttpRequest.json("POST", self.url("/emails/transactional"), payload, self._headers)

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for messages that differ in recipient and data."""
        recipients = [_recipient(message) for message in messages]
        payload = {"Recipients": recipients, "Content": self._content(messages[0])} | self._options(messages[0])
        return HttpRequest.json("POST", self.url("/emails"), payload, self._headers)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt, with the ids of the transaction and of the message."""
        return self._receipt(response, message, "TransactionID", "MessageID")

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return a receipt for each message, all with the id of the transaction."""
        return [self._receipt(response, message, "TransactionID") for message in messages]

    def complaint(self, response: HttpResponse) -> Complaint:
        """Read `{"Error": "…"}`."""
        text = response.get("Error")
        return Complaint(text) if isinstance(text, str) else super().complaint(response)

    def meaning(self, response: HttpResponse, said: Complaint) -> type[MailError] | None:
        """Tell refusals apart by their words, for there are no codes."""
        if response.status != 400:
            return None
        if _NO_CREDIT(said.text):
            return ConfigError
        return SenderRefused if _BAD_SENDER(said.text) else None

    def check(self) -> HttpRequest:
        """Ask for the domains of the account."""
        return HttpRequest("GET", self.url("/domains"), self._headers)

    def checked(self, response: HttpResponse) -> Verification:
        """Say which domains there are."""
        names = [str(each["Domain"]) for each in response.data if isinstance(each, dict) and "Domain" in each]
        return self.verification("Elastic Email accepts the key.", domains=names)

    def _receipt(self, response: HttpResponse, message: Message, *ids: str) -> Receipt:
        found = [each for each in map(response.get, ids) if isinstance(each, str) and each]
        if not found:
            raise self.unexpected(response)
        return self.receipt(message, provider_ids=found, message_id="", raw=response.data)

    def _content(self, message: Message) -> dict[str, Any]:
        """Return what is said for all recipients; what is empty is left out."""
        if len(message.reply_to) > 1:
            raise MessageInvalid("reply_to: Elastic Email takes one address.", field="reply_to")
        said: dict[str, Any] = {
            "From": wire_form(message.from_),
            "ReplyTo": wire_form(message.reply_to[0]) if message.reply_to else None,
            "EnvelopeFrom": _bounces(message),
            "Subject": message.subject,
            "Body": _body(message),
            "TemplateName": _template(message),
            "Attachments": [_file(each) for each in message.attachments],
            "Headers": header_map(message, without=("message-id",)),
            # https://elasticemail.com/developers (2026-11-22): it comes back in notifications
            "Postback": dumps(message.metadata, ensure_ascii=False, allow_nan=False) if message.metadata else None,
            "Utm": _utm(self.options(message, ElasticEmailOptions)),
        }
        return {name: value for name, value in said.items() if value}

    def _options(self, message: Message) -> dict[str, Any]:
        options = self.options(message, ElasticEmailOptions)
        if len(message.tags) > 1:
            raise MessageInvalid(f"tags: Elastic Email takes one, this message has {len(message.tags)}.", field="tags")
        said = {
            "TimeOffset": options.time_offset,
            "PoolName": options.pool_name,
            "ChannelName": "".join(message.tags) or None,
            "TrackOpens": message.track_opens,
            "TrackClicks": message.track_clicks,
        }
        said = {name: value for name, value in said.items() if value is not None}
        return {"Options": said} if said else {}


def _utm(options: ElasticEmailOptions) -> dict[str, str]:
    said = {} if options.utm is None else options.utm.model_dump(exclude_none=True)
    return {name.capitalize(): value for name, value in said.items()}


def _recipient(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {"Email": message.to[0].wire}
    return {**said, "Fields": _texts(message.merge_global)} if message.merge_global else said


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    """Return merge data as texts, which is all that Elastic Email takes."""
    for name, value in data.items():
        if isinstance(value, Mapping | list | tuple):
            raise MessageInvalid(
                f"merge_global.{name}: Elastic Email takes text and numbers only.", field="merge_global"
            )
    return {name: text_of(value) for name, value in data.items()}


def _bounces(message: Message) -> str | None:
    sender = message.envelope_sender
    if isinstance(sender, str):
        raise MessageInvalid("envelope_sender: Elastic Email takes no empty one.", field="envelope_sender")
    return None if sender is None else sender.wire


def _body(message: Message) -> list[dict[str, str]]:
    forms = {"PlainText": message.text, "AMP": message.amp, "HTML": message.html}
    parts = [{"ContentType": kind, "Content": text, "Charset": "utf-8"} for kind, text in forms.items() if text]
    if message.template is None and not (message.text or message.html):
        raise MessageInvalid("text: Elastic Email takes no message without a text or an HTML.", field="text")
    if message.template is not None and parts:
        raise MessageInvalid("text: Elastic Email takes the text from the template; leave it out.", field="text")
    return parts


def _template(message: Message) -> str | None:
    if message.template is not None and message.template.version is not None:
        raise MessageInvalid("template: Elastic Email keeps no versions of a template.", field="template")
    return None if message.template is None else message.template.id


def _file(file: Attachment) -> dict[str, Any]:
    if file.content_id:
        raise MessageInvalid(
            "attachments.content_id: Elastic Email has none; leave it out.", field="attachments.content_id"
        )
    return {
        "Name": file.filename or "attachment",
        "ContentType": file.content_type,
        "BinaryContent": base64_of(file),
        "Size": len(file.content),
    }
