"""Messages as Mailtrap's requests, and its answers as receipts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

from mailbridge.extend import (
    Address,
    Attachment,
    Complaint,
    ContentRefused,
    Delivery,
    HttpRequest,
    HttpResponse,
    HttpTransport,
    MailError,
    Message,
    MessageInvalid,
    Outcome,
    Receipt,
    RecipientStatus,
    SenderRefused,
    Status,
    Verification,
    base64_of,
    dig,
    encoded_form,
    header_map,
    text_of,
    unsupported,
)
from mailbridge.transports.mailtrap import plugin
from mailbridge.transports.mailtrap.settings import MailtrapSettings

_SANDBOX = "https://sandbox.api.mailtrap.io"
_ACCOUNT = "https://mailtrap.io"
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch
_CONTENT = ("from_", "reply_to", "subject", "text", "html", "attachments", "tags", "template")
"""What messages of a batch may have in common, to be said once."""


class MailtrapTransport(HttpTransport):
    """Sends by POST /api/send and /api/batch, on the host of the stream or of the sandbox.

    Mailtrap gives each recipient an id of his own, and answers for each message of a batch. It writes the
    Message-ID itself, and does not tell it.
    """

    plugin = plugin
    regions: ClassVar = {
        "transactional": "https://send.api.mailtrap.io",
        "bulk": "https://bulk.api.mailtrap.io",
    }

    def __init__(self, settings: MailtrapSettings) -> None:
        super().__init__(settings)
        self._headers = (("Api-Token", settings.api_token.reveal()),)
        self._sandbox = "" if settings.sandbox_id is None else f"/{settings.sandbox_id}"

    def home(self) -> str:
        """Return the address of the stream's API, or the sandbox's."""
        return self.regions[self.settings.stream] if self.settings.sandbox_id is None else _SANDBOX

    def outgoing(self, delivery: Delivery) -> Message:
        """Refuse data without a template, for which Mailtrap has no place."""
        message = super().outgoing(delivery)
        for feature in ("merge_data", "merge_global"):
            if message.template is None and getattr(message, feature):
                raise unsupported(feature, self)
        return message

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message."""
        payload = _content(message) | _own(message)
        return HttpRequest.json("POST", self.url(f"/api/send{self._sandbox}"), payload, self._headers)

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for several messages; content that all of them share is said once."""
        first = messages[0]
        shared = all(getattr(message, name) == getattr(first, name) for message in messages[1:] for name in _CONTENT)
        payload: dict[str, Any] = {"base": _content(first)} if shared else {}
        payload["requests"] = [_own(each) if shared else _content(each) | _own(each) for each in messages]
        return HttpRequest.json("POST", self.url(f"/api/batch{self._sandbox}"), payload, self._headers)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt of one message."""
        return self._receipt(response, response.data, message)

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return what became of each message of a batch; the status is 200 whatever that was."""
        answers = response.get("responses")
        if not isinstance(answers, list):
            if response.get("success") is False:
                raise self._refused(response.data)
            raise self.unexpected(response)
        return self.outcomes(partial(self._receipt, response), answers, messages)

    def complaint(self, response: HttpResponse) -> Complaint:
        """Read `{"success": false, "errors": ["'from' is required"]}`, or `{"error": "…"}` of the account's API."""
        return Complaint(_said(response.data))

    def meaning(self, response: HttpResponse, said: Complaint) -> type[MailError] | None:
        """Tell a domain that may not send from a key that is wrong; Mailtrap has no codes."""
        return SenderRefused if response.status in (401, 403) and "domain" in said.text.lower() else None

    def check(self) -> HttpRequest:
        """Ask for the accounts that the token sees, on the host that knows accounts."""
        return HttpRequest("GET", f"{self.settings.base_url or _ACCOUNT}/api/accounts", self._headers)

    def checked(self, response: HttpResponse) -> Verification:
        """Say whose token it is."""
        accounts = response.data if isinstance(response.data, list) else []
        names = [str(name) for each in accounts if (name := dig(each, "name"))]
        where = f"sandbox {self.settings.sandbox_id}" if self._sandbox else f"{self.settings.stream} stream"
        return self.verification(
            f"Mailtrap accepts the token{' of ' + ', '.join(names) if names else ''}; messages go to the {where}.",
            accounts=names,
        )

    def _receipt(self, response: HttpResponse, answer: Any, message: Message) -> Receipt:
        """Return the receipt for one answer, or raise what it says."""
        if dig(answer, "success") is False:
            raise self._refused(answer)
        ids = dig(answer, "message_ids")
        if not isinstance(ids, list) or not ids or not all(isinstance(each, str) for each in ids):
            raise self.unexpected(response)
        rows: dict[str, RecipientStatus] = {}
        if len(ids) == len(message.recipients):  # the sandbox has one id for all of them
            rows = {
                to.key: RecipientStatus(Status.ACCEPTED, provider_id=found)
                for to, found in zip(message.recipients, ids, strict=True)
            }
        return self.receipt(message, rows, provider_ids=ids, message_id="", raw=answer)

    def _refused(self, answer: Any) -> ContentRefused:
        text = _said(answer).rstrip(". ") or "it does not say why"
        return ContentRefused(f"{self} refused the message: {text}.", phase="response", transport=str(self))


def _content(message: Message) -> dict[str, Any]:
    """Return what messages may share: everything but recipients, headers and data."""
    said: dict[str, Any] = {"from": _mailbox(message.from_)}
    if len(message.reply_to) == 1:
        said["reply_to"] = _mailbox(message.reply_to[0])
    if message.attachments:
        said["attachments"] = [_file(each) for each in message.attachments]
    if message.template is not None:
        return said | {"template_uuid": _template(message)}
    if not message.subject:
        raise MessageInvalid("subject: Mailtrap takes no message without one.", field="subject")
    if not message.text and not message.html:
        raise MessageInvalid("text: Mailtrap takes no message without a text or an HTML.", field="text")
    if len(message.tags) > 1:
        raise MessageInvalid(f"tags: Mailtrap takes one, this message has {len(message.tags)}.", field="tags")
    forms = {"subject": message.subject, "text": message.text, "html": message.html, "category": "".join(message.tags)}
    return said | {name: text for name, text in forms.items() if text}


def _template(message: Message) -> str:
    """Return the id of the template, which brings subject, body and category itself."""
    template = message.template
    assert template is not None  # noqa: S101
    for field in ("subject", "text", "html", "tags"):
        if getattr(message, field):
            raise MessageInvalid(f"{field}: Mailtrap takes it from the template; leave it out.", field=field)
    if template.version is not None or not _UUID(template.id):
        raise MessageInvalid("template: Mailtrap names templates by a UUID, and keeps no versions.", field="template")
    return template.id


def _own(message: Message) -> dict[str, Any]:
    """Return what is said for one message of a batch."""
    said: dict[str, Any] = {field: list(map(_mailbox, each)) for field, each in _recipients(message)}
    headers = header_map(message, without=("message-id",))
    if len(message.reply_to) > 1:
        # There is a place for one. In a header the names have to be encoded, as Anymail 15 found out.
        headers["Reply-To"] = ", ".join(map(encoded_form, message.reply_to))
    if headers:
        said["headers"] = headers
    if message.metadata:
        said["custom_variables"] = {name: text_of(value) for name, value in message.metadata.items()}
    if message.merge_global:
        said["template_variables"] = message.merge_global
    return said


def _recipients(message: Message) -> Iterator[tuple[str, list[Address]]]:
    """Yield the fields with recipients, each recipient once: then there is one id for each, in this order."""
    taken: set[str] = set()
    for field in ("to", "cc", "bcc"):
        fresh = []
        for each in getattr(message, field):
            if each.key not in taken:
                taken.add(each.key)
                fresh.append(each)
        if fresh:
            yield field, fresh


def _mailbox(address: Address) -> dict[str, str]:
    return {"email": address.wire, "name": address.name} if address.name else {"email": address.wire}


def _file(file: Attachment) -> dict[str, str]:
    said = {"filename": file.filename or "attachment", "content": base64_of(file), "type": file.mime_type}
    if file.inline:
        said["disposition"] = "inline"
    if file.content_id:
        said["content_id"] = file.content_id
    return said


def _said(answer: Any) -> str:
    """Return the sentences of an error."""
    errors = dig(answer, "errors") or dig(answer, "error") or ""
    return "; ".join(map(str, errors)) if isinstance(errors, list) else str(errors)
