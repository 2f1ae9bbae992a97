"""Messages as SendGrid's requests, and its answers as receipts."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from mailbridge.extend import (
    AuthFailed,
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
    Template,
    Verification,
    dig,
)
from mailbridge.transports.sendgrid import plugin
from mailbridge.transports.sendgrid.contents import content, file
from mailbridge.transports.sendgrid.personalization import mailbox, personalization
from mailbridge.transports.sendgrid.settings import SendGridOptions, SendGridSettings

_LONGEST_PAUSE = 3600.0  # seconds


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
            "personalizations": [personalization(message, options) for message in messages],
            "from": mailbox(first.from_),
        }
        if first.reply_to:
            payload["reply_to_list"] = [mailbox(each) for each in first.reply_to]
        if forms := content(first, self):
            payload["content"] = forms
        if first.attachments:
            payload["attachments"] = [file(each) for each in first.attachments]
        if first.template is not None:
            payload["template_id"] = _template(first.template)
        if first.tags:
            payload["categories"] = list(first.tags)
        payload |= self._switches(first, options)
        return HttpRequest.json("POST", self.url("/v3/mail/send"), payload, self._headers)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt: 202 with an empty body and the id in a header; 200 where it is only checked."""
        if response.status != 202 and not self._only_checked(message):
            raise self.unexpected(response)
        found = response.header("x-message-id")
        return self.receipt(message, provider_ids=[found] if found else [])

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return a receipt for each message, all with the id of the call."""
        first = self.read(response, messages[0])
        ids = first.provider_ids
        return [first, *[self.receipt(message, provider_ids=ids) for message in messages[1:]]]

    def complaint(self, response: HttpResponse) -> Complaint:
        """Read `{"errors": [{"message": "…", "field": "from.email", "help": …}]}`; the field may be "null"."""
        errors = [each for each in response.get("errors", default=[]) if isinstance(each, dict)]
        fields = [str(each["field"]) for each in errors if each.get("field") not in (None, "null")]
        texts = [str(each["message"]).rstrip(".") for each in errors if each.get("message")]
        if not texts:
            return super().complaint(response)
        return Complaint("; ".join(texts), field=fields[0] if fields else "")

    def meaning(self, response: HttpResponse, said: Complaint) -> type[MailError] | None:
        """Tell refusals that have no code of their own apart by field and words."""
        if response.status in (400, 403) and said.field.partition(".")[0] == "from":
            return SenderRefused  # 403: the address is no verified sender identity
        # "Maximum credits exceeded" comes as 401 (support.sendgrid.com, 2026-11-22).
        return ConfigError if response.status in (401, 403) and "credits" in said.text.lower() else None

    def pause(self, response: HttpResponse, said: Complaint) -> float | None:
        """Read X-RateLimit-Reset, in seconds since 1970, against the server's own Date."""
        reset, date = response.header("x-ratelimit-reset") or "", response.header("date") or ""
        if response.status != 429 or response.header("retry-after") or not reset.isdigit() or not date:
            return None
        return min(max(float(reset) - parsedate_to_datetime(date).timestamp(), 0.0), _LONGEST_PAUSE)

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
        tracking: dict[Any, Any] = dict(options.tracking_settings or {})
        if message.track_opens is not None:
            tracking["open_tracking"] = {**tracking.get("open_tracking", {}), "enable": message.track_opens}
        if message.track_clicks is not None:
            tracking["click_tracking"] = {"enable": message.track_clicks, "enable_text": message.track_clicks}
        mail: dict[Any, Any] = dict(options.mail_settings or {})
        if self._sandbox:
            mail["sandbox_mode"] = {"enable": True}
        named = {
            "asm": None if options.asm is None else options.asm.model_dump(exclude_none=True),
            "batch_id": options.batch_id,
            "ip_pool_name": options.ip_pool_name,
            "mail_settings": mail or None,
            "tracking_settings": tracking or None,
        }
        return {name: value for name, value in named.items() if value is not None}

    def _only_checked(self, message: Message) -> bool:
        mail = self.options(message, SendGridOptions).mail_settings
        return self._sandbox or dig(mail, "sandbox_mode", "enable") is True


def _template(template: Template) -> str:
    if template.version is not None:  # SendGrid uses the one that is marked as active
        raise MessageInvalid("template: SendGrid takes no version with a template.", field="template")
    return template.id
