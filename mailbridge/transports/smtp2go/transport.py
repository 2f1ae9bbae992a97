"""Messages as SMTP2GO's requests, and its answers as receipts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC
from functools import partial
from typing import Any, ClassVar

from mailbridge.extend import (
    Attachment,
    AuthFailed,
    Complaint,
    ContentRefused,
    HttpRequest,
    HttpResponse,
    HttpTransport,
    MailError,
    Message,
    MessageInvalid,
    Outcome,
    Receipt,
    RecipientRefused,
    RecipientStatus,
    SenderRefused,
    Status,
    Verification,
    base64_of,
    dig,
    distinct,
    encoded_form,
    encoded_text,
    header_pairs,
    wire_form,
)
from mailbridge.transports.smtp2go import plugin
from mailbridge.transports.smtp2go.settings import Smtp2goSettings

_PAUSE = 60.0  # seconds after a 429, which says nothing itself
_SENDER = re.compile(r"\bsender\b|\bfrom address\b|\bdomain verify\b", re.IGNORECASE).search


class Smtp2goTransport(HttpTransport):
    """Sends by POST /email/send, a call for each message, and reads the failures that a success holds.

    /email/batch is used with `fastaccept` only: like that option it answers with ids alone, and what
    SMTP2GO refuses afterwards, a sender that is not verified for instance, is told by events.
    /email/mime is not used: it is told no recipients apart from the header, and whether it removes Bcc
    is not documented.
    """

    plugin = plugin
    regions: ClassVar = {
        "global": "https://api.smtp2go.com/v3",
        "us": "https://us-api.smtp2go.com/v3",
        "eu": "https://eu-api.smtp2go.com/v3",
        "au": "https://au-api.smtp2go.com/v3",
    }
    codes: ClassVar = {"ENDPOINT_PERMISSION_DENIED": AuthFailed}  # it comes as 400
    data_needs_template = True

    def __init__(self, settings: Smtp2goSettings) -> None:
        super().__init__(settings)
        self._headers = (("X-Smtp2go-Api-Key", settings.api_key.reveal()), ("Accept", "application/json"))
        self._fast = settings.fastaccept

    def together(self) -> int:
        """Return how many messages a call may hold: only one that is taken unread takes several."""
        return super().together() if self.settings.fastaccept else 1

    def joins(self, message: Message) -> bool:
        """Whether a batch takes it: one with a template would need a subject there, which it must not have."""
        return message.template is None

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message."""
        payload = self._fields(message) | ({"fastaccept": True} if self._fast else {})
        return HttpRequest.json("POST", self.url("/email/send"), payload, self._headers)

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for several messages, complete each."""
        payload = {"emails": [self._fields(message) for message in messages]}
        return HttpRequest.json("POST", self.url("/email/batch"), payload, self._headers)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt; a success may hold failures."""
        said = response.get("data", default={})
        failures = [str(each) for each in said.get("failures") or []]
        if (failures or said.get("failed")) and not said.get("succeeded"):
            raise self._refused(failures, message)
        return self._receipt(response, said, message, _rows(failures, message))

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return the receipts of a batch, whose ids come in the order of the messages."""
        found = response.get("data", default=[])
        return self.outcomes(partial(self._receipt, response), found, messages)

    def complaint(self, response: HttpResponse) -> Complaint:
        """Read `{"request_id": …, "data": {"error": "…", "error_code": "E_ApiResponseCodes.…"}}`, or both on top."""
        said = response.get("data") if isinstance(response.get("data"), dict) else response.data
        if not isinstance(text := dig(said, "error"), str):
            return super().complaint(response)
        code = str(dig(said, "error_code", default="")).rpartition(".")[2]
        field = dig(said, "field_validation_errors", "fieldname", default="")
        why = dig(said, "field_validation_errors", "message", default="")
        return Complaint(f"{text}: {why}" if why else text, code, str(field))

    def meaning(self, response: HttpResponse, said: Complaint) -> type[MailError] | None:
        """Tell apart what has no code of its own: a key of another form, a sender, and 402, which is no bill here."""
        if said.field == "api_key":
            return AuthFailed
        if response.status in (400, 402) and (said.field == "sender" or _SENDER(said.text)):
            return SenderRefused
        # https://developers.smtp2go.com/docs/response-codes (2026-11-22): "parameters valid, but the request failed"
        return super().meaning(response, said) or (ContentRefused if response.status == 402 else None)

    def pause(self, response: HttpResponse, said: Complaint) -> float | None:
        """Wait a minute where nothing else is said."""
        return _PAUSE if response.status == 429 and response.header("retry-after") is None else None

    def check(self) -> HttpRequest:
        """Ask what the key may do; every key may ask that."""
        return HttpRequest.json("POST", self.url("/api_keys/permissions"), {}, self._headers)

    def checked(self, response: HttpResponse) -> Verification:
        """Say whether the key may send."""
        allowed = [each for each in response.get("data", default=[]) if isinstance(each, str)]
        wanted = "/email/batch" if self._fast else "/email/send"
        if allowed and wanted not in allowed:
            raise AuthFailed(
                f"{self} knows the key, but it may not use {wanted}.",
                phase="response",
                transport=str(self),
                hints=[f"Give the key the permission {wanted} in SMTP2GO's settings, or make another one."],
            )
        return self.verification("SMTP2GO accepts the key, and it may send mail.", permissions=allowed)

    def _fields(self, message: Message) -> dict[str, Any]:
        """Return a message as SMTP2GO's object; what is empty is left out."""
        if not message.to:
            raise MessageInvalid("to: SMTP2GO needs at least one address in to.", field="to")
        said: dict[str, Any] = {
            "sender": wire_form(message.from_),
            **{field: [wire_form(each) for each in addresses] for field, addresses in distinct(message).items()},
            "custom_headers": _headers(message),
            "attachments": [_file(each) for each in message.attachments if not each.inline],
            "inlines": [_picture(each) for each in message.attachments if each.inline],
            "schedule": message.send_at and message.send_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S +0000"),
        }
        return {name: value for name, value in said.items() if value} | _content(message)

    def _receipt(
        self, response: HttpResponse, said: Any, message: Message, rows: dict[str, RecipientStatus] | None = None
    ) -> Receipt:
        """Return the receipt; a message for later has the id of its schedule."""
        found = dig(said, "email_id") or dig(said, "schedule_id")
        if not isinstance(found, str):
            raise self.unexpected(response)
        return self.receipt(message, rows, provider_ids=(found,), message_id="", raw=said)

    def _refused(self, failures: Sequence[str], message: Message) -> MailError:
        """Return the error of a message that SMTP2GO did not send, by the words of its mail server."""
        text = " ".join("; ".join(failures).split()) or "no reason given"
        rows = _rows(failures, message)
        kind: type[MailError] = RecipientRefused if len(rows) == len(message.recipients) else ContentRefused
        if _SENDER(text) or f"<{message.from_.wire}>" in text:
            kind, rows = SenderRefused, {}
        return kind(
            f"{self} refused the message: {text.rstrip('.')[:500]}.",
            phase="response",
            code=200,
            recipients={to.addr_spec: rows[to.key] for to in message.recipients if to.key in rows},
            transport=str(self),
        )


def _rows(failures: Sequence[str], message: Message) -> dict[str, RecipientStatus]:
    """Return the recipients whom failures name."""
    return {
        to.key: RecipientStatus(Status.REFUSED, text=" ".join(text.split()))
        for text in failures
        for to in message.recipients
        if f"<{to.wire.lower()}>" in text.lower()
    }


def _content(message: Message) -> dict[str, Any]:
    """Return subject and texts, or the template that has them: beside it SMTP2GO ignores all three."""
    said = {"subject": message.subject, "text_body": message.text, "html_body": message.html}
    texts = {name: text for name, text in said.items() if text}
    if message.template is None:
        if not message.text and not message.html:
            raise MessageInvalid("text: SMTP2GO takes no message without a text or an HTML.", field="text")
        return {"subject": ""} | texts
    for field in ("subject", "text", "html"):
        if getattr(message, field):
            raise MessageInvalid(f"{field}: SMTP2GO takes it from the template; leave it out.", field=field)
    if message.template.version is not None:
        raise MessageInvalid("template: SMTP2GO keeps no versions of a template.", field="template")
    return {"template_id": message.template.id, "template_data": message.merge_global}


def _headers(message: Message) -> list[dict[str, str]]:
    """Return the headers, Reply-To among them, in ASCII: how others would be encoded is not documented."""
    pairs = [(name, encoded_text(text)) for name, text in header_pairs(message, without=("message-id",))]
    if message.reply_to:
        pairs.insert(0, ("Reply-To", ", ".join(map(encoded_form, message.reply_to))))
    return [{"header": name, "value": text} for name, text in pairs]


def _file(file: Attachment) -> dict[str, str]:
    if file.content_id:
        raise MessageInvalid(
            "attachments.content_id: SMTP2GO has none; make the file inline, or leave the content id out.",
            field="attachments.content_id",
        )
    return {"filename": file.filename or "attachment", "mimetype": file.content_type, "fileblob": base64_of(file)}


def _picture(file: Attachment) -> dict[str, str]:
    """Return a file shown in the HTML, which finds it by its name: so that is its content id."""
    return {"filename": file.content_id or "", "mimetype": file.content_type, "fileblob": base64_of(file)}
