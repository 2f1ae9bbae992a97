"""Messages as Acme's requests, and its answers as receipts."""

from collections.abc import Sequence
from typing import Any, ClassVar

from acme_mail import plugin
from acme_mail.settings import AcmeOptions, AcmeSettings
from mailbridge.extend import (
    Address,
    Attachment,
    AuthFailed,
    ContentRefused,
    HttpRequest,
    HttpResponse,
    HttpTransport,
    Message,
    MessageInvalid,
    Outcome,
    RateLimited,
    Receipt,
    RecipientStatus,
    SenderRefused,
    Status,
    base64_of,
    header_map,
)


class AcmeTransport(HttpTransport):
    """Sends by POST /v1/messages, and up to 50 messages at once by POST /v1/batches."""

    plugin = plugin
    regions: ClassVar = {"us": "https://api.acme.example", "eu": "https://api.eu.acme.example"}
    codes: ClassVar = {"bad_key": AuthFailed, "unknown_sender": SenderRefused, "too_fast": RateLimited}

    def __init__(self, settings: AcmeSettings) -> None:
        super().__init__(settings)
        self._headers = (("Authorization", f"Bearer {settings.api_key.reveal()}"),)

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message."""
        return HttpRequest.json("POST", self.url("/v1/messages"), self._letter(message), self._headers)

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for several messages."""
        letters = [self._letter(message) for message in messages]
        return HttpRequest.json("POST", self.url("/v1/batches"), {"messages": letters}, self._headers)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt of one message."""
        return self._receipt(response.data, message)

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return what became of each message: a result has an id, or an error."""
        return [self._outcome(*pair) for pair in zip(response.data["results"], messages, strict=False)]

    def check(self) -> HttpRequest:
        """Ask for the account that the key belongs to."""
        return HttpRequest("GET", self.url("/v1/account"), self._headers)

    def _letter(self, message: Message) -> dict[str, Any]:
        """Return a message as Acme's object; what is empty is left out."""
        letter = {
            "from": _person(message.from_),
            **{field: [_person(each) for each in getattr(message, field)] for field in ("to", "cc", "bcc")},
            "reply_to": _person(message.reply_to[0]) if message.reply_to else None,
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "files": [_file(each) for each in message.attachments],
            "headers": header_map(message),
            "tags": message.tags,
            "data": message.metadata,
            "pool": self.options(message, AcmeOptions).pool,
        }
        return {name: value for name, value in letter.items() if value}

    def _outcome(self, result: dict[str, Any], message: Message) -> Outcome:
        if "error" in result:
            return ContentRefused(f"{self} refused the message: {result['error']}.", phase="response")
        return self._receipt(result, message)

    def _receipt(self, result: dict[str, Any], message: Message) -> Receipt:
        """Return the receipt for `{"id": "m1", "refused": {"ann@example.org": "no such mailbox"}}`."""
        refused = {
            Address(address).key: RecipientStatus(Status.REFUSED, text=why)
            for address, why in result.get("refused", {}).items()
        }
        return self.receipt(message, refused, provider_ids=[result["id"]], raw=result)


def _person(address: Address) -> dict[str, str]:
    return {"address": address.wire, "name": address.name}


def _file(file: Attachment) -> dict[str, str]:
    if file.content_id and not file.inline:
        raise MessageInvalid("attachments: Acme knows content ids of inline files only.", field="attachments")
    return {
        "name": file.filename or "file",
        "type": file.content_type,
        "content": base64_of(file),
        "cid": file.content_id or "",
    }
