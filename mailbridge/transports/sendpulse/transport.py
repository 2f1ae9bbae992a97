"""Messages as SendPulse's requests, and its answers as receipts."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, ClassVar

from mailbridge.extend import (
    Address,
    Authorised,
    Client,
    ClientCredentials,
    Complaint,
    ConfigError,
    GivenTokens,
    HttpRequest,
    HttpResponse,
    MailError,
    MemoryTokenStore,
    Message,
    MessageInvalid,
    RateLimited,
    Receipt,
    SenderRefused,
    Tokens,
    TokenSource,
    Verification,
    base64_of,
    distinct,
    typed_name,
)
from mailbridge.transports.sendpulse import plugin
from mailbridge.transports.sendpulse.settings import SendPulseOptions, SendPulseSettings

# Most refusals have the code 422 and are told apart by their words only (openapi/smtp.yaml, 2026-08-22).
_WORDS: Mapping[re.Pattern[str], type[MailError]] = {
    re.compile(r"^Sender is not valid|^Argument from\b", re.IGNORECASE): SenderRefused,
    re.compile(r"currently limited", re.IGNORECASE): RateLimited,
    re.compile(r"quota or bandwidth|account expired|no such smtp user|your tariff", re.IGNORECASE): ConfigError,
}


class SendPulseTransport(Authorised):
    """Sends by POST /smtp/emails, a call for each message, with a token that is fetched for the client.

    The API has no place for headers, so that nothing that is one in the end can be said.
    """

    plugin = plugin
    regions: ClassVar = {"": "https://api.sendpulse.com"}
    codes: ClassVar = {"2020202020": RateLimited}  # more than ten calls in a second
    data_needs_template = True

    def __init__(self, settings: SendPulseSettings) -> None:
        super().__init__(settings)
        self.tokens = self._tokens(settings)

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message."""
        return HttpRequest.json("POST", self.url("/smtp/emails"), {"email": self._fields(message)})

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt: `{"result": true, "id": "pzkic9-0afezp-fc"}`."""
        found = response.get("id")
        if response.get("result") is not True or not isinstance(found, str) or not found:
            raise self.unexpected(response)
        return self.receipt(message, provider_ids=(found,), message_id="", raw=response.data)

    def complaint(self, response: HttpResponse) -> Complaint:
        """Read `{"message": "Argument subject missing", "error_code": 12}`."""
        text = response.get("message")
        if not isinstance(text, str):
            return super().complaint(response)
        return Complaint(text, str(response.get("error_code", default="")))

    def meaning(self, response: HttpResponse, said: Complaint) -> type[MailError] | None:
        """Tell refusals apart by their code, or else by their words."""
        if (kind := super().meaning(response, said)) is not None or response.status not in (400, 403, 422):
            return kind
        return next((kind for words, kind in _WORDS.items() if words.search(said.text)), None)

    def check(self) -> HttpRequest:
        """Ask for the addresses that may send."""
        return HttpRequest("GET", self.url("/smtp/senders"))

    def checked(self, response: HttpResponse) -> Verification:
        """Say which addresses may send."""
        senders = [each for each in response.data if isinstance(each, str)]
        return self.verification("SendPulse accepts the credentials.", senders=senders)

    def _tokens(self, settings: SendPulseSettings) -> Tokens:
        if settings.api_key is not None:
            return GivenTokens(settings.api_key)
        return TokenSource(
            ClientCredentials(Client(settings.client_id, settings.client_secret)),
            usual=self.url("/oauth/access_token"),
            http=self.http,
            store=MemoryTokenStore(),
            account=f"sendpulse:{settings.client_id}",
        )

    def _fields(self, message: Message) -> dict[str, Any]:
        """Return a message as SendPulse's object."""
        if not message.to:
            raise MessageInvalid("to: SendPulse needs at least one address in to.", field="to")
        if len(message.reply_to) > 1:
            raise MessageInvalid("reply_to: SendPulse takes one address.", field="reply_to")
        if not message.subject:
            raise MessageInvalid("subject: SendPulse takes no message without a subject.", field="subject")
        said: dict[str, Any] = {
            "subject": message.subject,
            "from": {"name": message.from_.name, "email": message.from_.wire},
            **{field: [_mailbox(each) for each in addresses] for field, addresses in distinct(message).items()},
            **_content(message),
        }
        if message.reply_to:
            said["reply_to"] = _mailbox(message.reply_to[0])
        if message.attachments:
            said["attachments_binary"] = self._files(message)
        if (made := self.options(message, SendPulseOptions).auto_plain_text) is not None:
            said["auto_plain_text"] = made
        return said

    def _files(self, message: Message) -> dict[str, str]:
        """Return the files by name, which has to say their type too."""
        found: dict[str, str] = {}
        for file in message.attachments:
            if file.content_id:
                raise MessageInvalid(
                    "attachments.content_id: SendPulse has none; leave it out.", field="attachments.content_id"
                )
            if (name := typed_name(file, str(self))) in found:
                raise MessageInvalid(
                    f"attachments.filename: SendPulse takes one file of the name {name!r}.",
                    field="attachments.filename",
                )
            found[name] = base64_of(file)
        return found


def _mailbox(address: Address) -> dict[str, str]:
    return {"email": address.wire, "name": address.name} if address.name else {"email": address.wire}


def _content(message: Message) -> dict[str, Any]:
    """Return the texts, both, for both are wanted; or the template that has them."""
    if message.template is None:
        if not message.text and not message.html:
            raise MessageInvalid("text: SendPulse takes no message without a text or an HTML.", field="text")
        return {"html": b64encode((message.html or "").encode()).decode(), "text": message.text or ""}
    if message.text or message.html:
        raise MessageInvalid("text: SendPulse takes the text from the template; leave it out.", field="text")
    if message.template.version is not None:
        raise MessageInvalid("template: SendPulse keeps no versions of a template.", field="template")
    return {"template": {"id": message.template.id, "variables": message.merge_global}}
