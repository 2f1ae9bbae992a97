"""Messages as Mailgun's requests, and its answers as receipts."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from mailbridge.extend import (
    AuthFailed,
    Complaint,
    ConfigError,
    Delivery,
    Flow,
    FormFile,
    HttpMimeTransport,
    HttpRequest,
    HttpResponse,
    MailError,
    Message,
    MessageInvalid,
    Mime,
    Outcome,
    Receipt,
    SenderRefused,
    Verification,
    encoded_json,
    text_of,
    unsupported,
)
from mailbridge.transports.mailgun import plugin
from mailbridge.transports.mailgun.form import (
    Fields,
    addresses,
    content,
    controls,
    files,
    headers,
    needs_mime,
)
from mailbridge.transports.mailgun.settings import MailgunOptions, MailgunSettings
from mailbridge.transports.mailgun.variables import Varied, can_vary, for_everybody, names

_WAIT = re.compile(r"try again after (\d{1,6}) second").search


class MailgunTransport(HttpMimeTransport):
    """Sends by POST /v3/{domain}/messages, and by …/messages.mime what a form has no place for.

    Private copies of a message share a call, with what differs in recipient variables. Mailgun takes a
    call as a whole, and gives one id to all of its messages: the Message-ID.
    """

    plugin = plugin
    regions: ClassVar = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}
    sharing = (
        "from_", "also_from", "sender", "reply_to", "subject", "text", "html", "amp", "attachments", "tags",
        "track_opens", "track_clicks", "send_at", "template", "provider_options", "message_id",
    )  # fmt: skip

    def __init__(self, settings: MailgunSettings) -> None:
        super().__init__(settings)
        self._headers = (("Authorization", f"Basic {settings.credentials}"),)
        self._domain = settings.domain
        self._sandbox = settings.sandbox

    # --- requests

    def takes_mime(self, delivery: Delivery) -> bool:
        """Whether a form has no place for something of the message, or a hook wants to see the MIME."""
        message = delivery.message
        if message.template is not None:
            return False
        return bool(needs_mime(message)) or (delivery.hooks is not None and delivery.hooks.has_prepare)

    def build_mime(self, message: Message, mime: Mime) -> HttpRequest:
        """Return the call for a message in MIME, to everybody in its envelope; bounces go to Mailgun."""
        if "envelope" in message.features and not _bounces_to_author(message):
            raise unsupported("envelope_sender", self)
        fields = [("to", each.wire) for each in message.envelope.recipients]
        fields += self._controls(message)
        if message.merge_global:
            fields.append(_variables(for_everybody(message)))
        fields += [(f"v:{name}", text_of(value)) for name, value in message.metadata.items()]
        file = FormFile("message", "message.eml", bytes(mime), "message/rfc822")
        return HttpRequest.multipart("POST", self._url(message, "messages.mime"), fields, [file], self._headers)

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message."""
        _check(message)
        fields = addresses(message) + content(message) + self._controls(message)
        fields += [(f"h:{name}", value) for name, value in headers(message)]
        fields += [(f"v:{name}", text_of(value)) for name, value in message.metadata.items()]
        if message.merge_global and message.template is not None:
            fields.append(("t:variables", encoded_json(message.merge_global).decode()))
        if message.merge_global and len(message.to) == 1:
            fields.append(_variables(for_everybody(message)))
        elif message.merge_global and message.template is None:  # variables would make private copies of it
            raise unsupported("merge_global", self)
        return self._form(message, fields)

    def joins(self, message: Message) -> bool:
        """Whether what is particular to the message can be said by variables."""
        return can_vary(message)

    def kind(self, message: Message) -> Hashable:
        """Return what messages of one call have in common: content, and the names of their variables."""
        return super().kind(message), names(message)

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for messages that differ in what variables can say."""
        first, varied = messages[0], Varied(messages)
        _check(first)
        fields = addresses(first)[:1]
        fields += [field for message in messages for field in addresses(message)[1:]]
        fields += content(first) + self._controls(first) + varied.fields
        fields.append(_variables(varied.variables))
        return self._form(first, fields)

    def _controls(self, message: Message) -> Fields:
        return controls(message, self.options(message, MailgunOptions), sandbox=self._sandbox)

    def _form(self, message: Message, fields: Fields) -> HttpRequest:
        return HttpRequest.multipart("POST", self._url(message, "messages"), fields, files(message), self._headers)

    def _url(self, message: Message, path: str) -> str:
        return self.url(f"/v3/{self._domain or message.from_.ascii_domain}/{path}")

    # --- answers

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt: `{"id": "<…@mg.example.com>", "message": "Queued. Thank you."}`."""
        found = response.get("id")
        if not isinstance(found, str) or not str(response.get("message", default="")).startswith("Queued"):
            raise self.unexpected(response)
        message_id = found if found[:1] == "<" else f"<{found}>"
        return self.receipt(message, provider_ids=[found], message_id=message_id, raw=response.data)

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return a receipt for each message, all with the id of the call."""
        return [self.read(response, message) for message in messages]

    def meaning(self, response: HttpResponse, said: Complaint) -> type[MailError] | None:
        """Tell refusals apart by their words: Mailgun has no codes."""
        text = said.text.lower()
        if response.status in (400, 403) and "not allowed to send" in text:
            return ConfigError  # the domain is a sandbox, disabled or not verified
        return SenderRefused if response.status == 400 and "from parameter" in text.replace("'", "") else None

    def pause(self, response: HttpResponse, said: Complaint) -> float | None:
        """Read "… limit exceeded, try again after 120 seconds"."""
        found = _WAIT(said.text)
        return float(found[1]) if found else None

    # --- credentials

    def check(self) -> HttpRequest:
        """Ask for the domain, or for any where none is set."""
        path = f"/v4/domains/{quote(self._domain)}" if self._domain else "/v4/domains?limit=1"
        return HttpRequest("GET", self.url(path), self._headers)

    def checked(self, response: HttpResponse) -> Verification:
        """Say whether the domain may send. Raises ConfigError if not."""
        if not self._domain:
            return self.verification("Mailgun accepts the key; which domain to send by is left to each message.")
        state = response.get("domain", "state")
        if state != "active":
            raise ConfigError(
                f"{self} accepts the key, but the domain {self._domain} is {state or 'in no known state'}, not active.",
                phase="response",
                transport=str(self),
                hints=["Add the DNS records that Mailgun's dashboard shows for it."],
            )
        return self.verification(f"Mailgun accepts the key, and the domain {self._domain} is active.", state=state)

    def verify(self) -> Flow[Verification]:
        """Ask about key and domain without sending anything; a sending key may not ask."""
        try:
            return (yield from super().verify())
        except AuthFailed as error:
            if error.code == 403:
                error.hints = ("A sending key may do nothing but send: a test mail will tell.",)
            raise


def _check(message: Message) -> None:
    """Raise MessageInvalid for what no form can say, or Mailgun does not take."""
    if lacking := needs_mime(message):  # and MIME has no place for a template; nor was it expected of one copy
        field = "template" if message.template is not None else "merge_headers"
        raise MessageInvalid(f"{field}: Mailgun does not take it with {lacking}.", field=field)
    for field in ("html", "amp") if message.template is not None else ():
        if getattr(message, field):
            raise MessageInvalid(f"{field}: the template has the HTML; Mailgun takes one of both.", field=field)


def _bounces_to_author(message: Message) -> bool:
    sender, author = message.envelope.sender, message.sender or message.from_
    return sender is not None and sender.key == author.key


def _variables(variables: dict[str, dict[str, Any]]) -> tuple[str, str]:
    return "recipient-variables", encoded_json(variables).decode()
