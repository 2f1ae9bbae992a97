"""Messages as SendGrid's requests, and its answers as receipts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from mailbridge.extend import (
    Address,
    Attachment,
    AuthFailed,
    HttpRequest,
    HttpResponse,
    HttpTransport,
    Message,
    MessageInvalid,
    Outcome,
    Receipt,
    Template,
    Verification,
    alternatives,
    base64_of,
    header_map,
)
from mailbridge.transports.sendgrid import plugin
from mailbridge.transports.sendgrid.settings import SendGridOptions, SendGridSettings


class SendGridTransport(HttpTransport):
    """Sends by POST /v3/mail/send; messages with the same content share a call, one personalization each.

    SendGrid takes a call as a whole and answers with one id. What becomes of the single recipients is
    told by events only.
    """

    plugin = plugin
    regions: ClassVar = {"global": "https://api.sendgrid.com", "eu": "https://api.eu.sendgrid.com"}
    sharing = (
        "from_", "reply_to", "text", "html", "amp", "calendar", "method", "alternatives", "attachments", "tags",
        "track_opens", "track_clicks", "template", "provider_options",
    )  # fmt: skip

    def __init__(self, settings: SendGridSettings) -> None:
        super().__init__(settings)
        self._headers = (("Authorization", f"Bearer {settings.api_key.reveal()}"),)
        self._sandbox = settings.sandbox

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message."""
        return self.build_many((message,))

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for messages that differ only in what a personalization can say."""
        first = messages[0]
        options = self.options(first, SendGridOptions)
        payload: dict[str, Any] = {
            "personalizations": [_personalization(message, options) for message in messages],
            "from": _mailbox(first.from_),
        }
        if first.reply_to:
            payload["reply_to_list"] = [_mailbox(each) for each in first.reply_to]
        # Empty texts are left out: SendGrid would make the template's text of them.
        if content := [{"type": kind, "value": _text(value)} for kind, value in alternatives(first)]:
            payload["content"] = content
        if first.attachments:
            payload["attachments"] = [_file(each) for each in first.attachments]
        if first.template is not None:
            payload["template_id"] = _template(first.template)
        if first.tags:
            payload["categories"] = list(first.tags)
        payload |= self._switches(first, options)
        return HttpRequest.json("POST", self.url("/v3/mail/send"), payload, self._headers)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt: 202 with an empty body and the id in a header; 200 in the sandbox."""
        found = response.header("x-message-id")
        if not found and not (response.status == 200 and self._sandbox):
            raise self.unexpected(response)
        return self.receipt(message, provider_ids=[found] if found else [])

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return a receipt for each message, all with the id of the call."""
        return [self.read(response, message) for message in messages]

    def check(self) -> HttpRequest:
        """Ask for the scopes of the key."""
        return HttpRequest("GET", self.url("/v3/scopes"), self._headers)

    def checked(self, response: HttpResponse) -> Verification:
        """Say whether the key may send."""
        scopes = response.get("scopes", default=[])
        if "mail.send" not in scopes:
            raise AuthFailed(
                f"{self} knows the key, but it may not send mail.",
                phase="response",
                transport=str(self),
                hints=["Give the key the permission Mail Send in SendGrid's settings, or make another one."],
            )
        return self.verification("SendGrid accepts the key, and it may send mail.", scopes=scopes)

    def _switches(self, message: Message, options: SendGridOptions) -> dict[str, Any]:
        tracking = dict(options.tracking_settings or {})
        if message.track_opens is not None:
            tracking["open_tracking"] = {"enable": message.track_opens}
        if message.track_clicks is not None:
            tracking["click_tracking"] = {"enable": message.track_clicks, "enable_text": message.track_clicks}
        mail = dict(options.mail_settings or {})
        if self._sandbox:
            mail["sandbox_mode"] = {"enable": True}
        named = {
            "asm": options.asm,
            "batch_id": options.batch_id,
            "ip_pool_name": options.ip_pool_name,
            "mail_settings": mail or None,
            "tracking_settings": tracking or None,
        }
        return {name: value for name, value in named.items() if value is not None}


def _personalization(message: Message, options: SendGridOptions) -> dict[str, Any]:
    """Return what is said for one message of a call."""
    said: dict[str, Any] = {}
    taken: set[str] = set()
    for field in ("to", "cc", "bcc"):
        # SendGrid refuses an address that stands twice in a personalization.
        fresh: dict[str, Address] = {}
        for each in getattr(message, field):
            if each.key not in taken:
                fresh.setdefault(each.key, each)
        if fresh:
            said[field] = [_mailbox(each) for each in fresh.values()]
            taken.update(fresh)
    if "to" not in said:
        raise MessageInvalid("to: SendGrid needs at least one address in to.", field="to")
    if message.subject:
        said["subject"] = message.subject
    if headers := header_map(message):
        said["headers"] = headers
    if message.metadata:
        said["custom_args"] = {name: _text_of(value) for name, value in message.metadata.items()}
    if message.send_at is not None:
        said["send_at"] = int(message.send_at.timestamp())
    if message.merge_global:
        if options.substitutions:
            said["substitutions"] = {name: _text_of(value) for name, value in message.merge_global.items()}
        else:
            said["dynamic_template_data"] = message.merge_global
    return said


def _mailbox(address: Address) -> dict[str, str]:
    return {"email": address.wire, "name": address.name} if address.name else {"email": address.wire}


def _template(template: Template) -> str:
    if template.version is not None:  # SendGrid uses the one that is marked as active
        raise MessageInvalid("template: SendGrid takes no version with a template.", field="template")
    return template.id


def _file(file: Attachment) -> dict[str, str]:
    if not file.content:
        raise MessageInvalid("attachments: SendGrid takes no empty file.", field="attachments")
    # The charset is left out: SendGrid rewrites it, and declares ISO-8859-1 (seen by Anymail, issue 150).
    said = {"content": base64_of(file), "filename": file.filename or "attachment", "type": file.mime_type}
    if file.content_id:
        said["content_id"] = file.content_id
    if file.inline:
        said["disposition"] = "inline"
    return said


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()


def _text_of(value: object) -> str:
    """Return a value as the string that SendGrid wants it to be."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
