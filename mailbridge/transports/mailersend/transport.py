"""Messages as MailerSend's requests, and its answers as receipts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from mailbridge.extend import (
    Address,
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
    RateLimited,
    Receipt,
    RecipientStatus,
    SenderRefused,
    Status,
    Verification,
    base64_of,
    distinct,
    encoded_text,
    header_pairs,
    typed_name,
)
from mailbridge.transports.mailersend import plugin
from mailbridge.transports.mailersend.settings import MailerSendOptions, MailerSendSettings

# Without data MailerSend does not read a text as a template at all (developers.mailersend.com/api/v1/features,
# 2026-11-22), so that {{name|default("friend")}} would reach whoever has no data as it stands.
NO_DATA = {"mailbridge": ""}

# Codes stand in the texts: "… #MS42207" (seen in reports of users, 2026-11-22).
CODES: Mapping[str, type[MailError]] = {
    "MS42207": SenderRefused,  # the sender's domain is not verified
    "MS42225": ConfigError,  # trial: only to the administrator, or no more recipients
    "MS42901": ConfigError,  # the quota of the day
    "MS42903": RateLimited,
}
_NOT_IN_NAMES = frozenset(",;")
_CODE = re.compile(r"#(MS\d+)").search
_ONE_LINK = re.compile(r"<([^<>,]+)>").fullmatch


class MailerSendTransport(HttpTransport):
    """Sends by POST /email, a call for each message; a list by POST /bulk-email where the settings say so.

    Several recipients of a call see each other, so that private copies are calls of their own. The bulk
    endpoint takes a list unread, and tells what became of it only to those who ask later.
    """

    plugin = plugin
    regions: ClassVar = {"": "https://api.mailersend.com/v1"}
    codes = CODES

    def __init__(self, settings: MailerSendSettings) -> None:
        super().__init__(settings)
        self._headers = (("Authorization", f"Bearer {settings.api_token.reveal()}"), ("Accept", "application/json"))

    def together(self) -> int:
        """Return how many messages a call may hold: only the bulk endpoint takes several."""
        return super().together() if self.settings.bulk else 1

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message."""
        return HttpRequest.json("POST", self.url("/email"), self._fields(message), self._headers)

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for several messages, complete each."""
        payload = [self._fields(message) for message in messages]
        return HttpRequest.json("POST", self.url("/bulk-email"), payload, self._headers)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt: the id is in a header, and whom MailerSend suppresses stands in the body, if any."""
        rows = _suppressed(response, message)
        found = response.header("x-message-id")
        if not found and len(rows) < len(message.recipients):
            raise self.unexpected(response)
        return self.receipt(message, rows, provider_ids=(found,) if found else (), message_id="", raw=response.data)

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return receipts that say no more than MailerSend does: it has the list, and will look at it."""
        found = response.get("bulk_email_id")
        if not isinstance(found, str) or not found:
            raise self.unexpected(response)
        row = RecipientStatus(Status.UNKNOWN, text=f"taken with a list; GET /bulk-email/{found} tells the rest")
        return [
            self.receipt(
                message,
                {to.key: row for to in message.recipients},
                provider_ids=(found,),
                message_id="",
                raw=response.data,
            )
            for message in messages
        ]

    def complaint(self, response: HttpResponse) -> Complaint:
        """Read `{"message": "…", "errors": {"from.email": ["… #MS42207"]}}`."""
        text, field = str(response.get("message", default="")), ""
        if errors := response.get("errors", default={}):
            field, texts = next(iter(errors.items()))
            text = str(texts[0])
        code = _CODE(text)
        return Complaint(text, code[1] if code else "", field)

    def meaning(self, response: HttpResponse, said: Complaint) -> type[MailError] | None:
        """Tell complaints about the sender by their field, where the code is not known."""
        about_sender = response.status == 422 and said.field.partition(".")[0] == "from"
        return super().meaning(response, said) or (SenderRefused if about_sender else None)

    def check(self) -> HttpRequest:
        """Ask for the quota."""
        return HttpRequest("GET", self.url("/api-quota"), self._headers)

    def checked(self, response: HttpResponse) -> Verification:
        """Say how many requests the account has left today."""
        return self.verification(
            "MailerSend accepts the token.", quota=response.get("quota"), remaining=response.get("remaining")
        )

    def _fields(self, message: Message) -> dict[str, Any]:
        """Return a message as MailerSend's object; what is empty is left out."""
        if not message.to:
            raise MessageInvalid("to: MailerSend needs at least one address in to.", field="to")
        if len(message.reply_to) > 1:
            raise MessageInvalid("reply_to: MailerSend takes one address.", field="reply_to")
        recipients = distinct(message)
        said: dict[str, Any] = {
            "from": _mailbox(message.from_),
            **{field: [_recipient(each) for each in addresses] for field, addresses in recipients.items()},
            "reply_to": _mailbox(message.reply_to[0]) if message.reply_to else None,
            "attachments": [self._file(each) for each in message.attachments],
            "tags": list(message.tags),
            "settings": self._settings(message),
        }
        said = {name: value for name, value in said.items() if value}
        said |= _content(message) | _headers(message)
        if message.send_at is not None:
            said["send_at"] = int(message.send_at.timestamp())
        if "merge_global" in message.__dict__:  # a private copy has it also where it is empty
            everybody = [each for addresses in recipients.values() for each in addresses]
            data = message.merge_global or NO_DATA
            said["personalization"] = [{"email": each.wire, "data": data} for each in everybody]
        if (bulk := self.options(message, MailerSendOptions).precedence_bulk) is not None:
            said["precedence_bulk"] = bulk
        return said

    def _settings(self, message: Message) -> dict[str, bool]:
        said = {
            "track_clicks": message.track_clicks,
            "track_opens": message.track_opens,
            "track_content": self.options(message, MailerSendOptions).track_content,
        }
        return {name: value for name, value in said.items() if value is not None}

    def _file(self, file: Attachment) -> dict[str, str]:
        disposition = "inline" if file.inline else "attachment"
        said = {"filename": typed_name(file, str(self)), "content": base64_of(file), "disposition": disposition}
        return {**said, "id": file.content_id} if file.content_id else said


def _mailbox(address: Address) -> dict[str, str]:
    return {"email": address.wire, "name": address.name} if address.name else {"email": address.wire}


def _recipient(address: Address) -> dict[str, str]:
    """Return a recipient; a name with a comma or a semicolon is encoded beforehand, for it "may not contain" them.

    https://developers.mailersend.com/api/v1/email.html (2026-11-22); said of recipients only.
    """
    said = _mailbox(address)
    if not _NOT_IN_NAMES.isdisjoint(address.name) or "=?" in address.name:
        said["name"] = encoded_text(address.name, always=True)
    return said


def _content(message: Message) -> dict[str, str]:
    """Return subject and texts, or the template that has them."""
    said = {"subject": message.subject, "text": message.text, "html": message.html}
    texts = {name: text for name, text in said.items() if text}
    if message.template is None:
        if not message.subject:
            raise MessageInvalid("subject: MailerSend takes no message without a subject.", field="subject")
        if len(texts) == 1:
            raise MessageInvalid("text: MailerSend takes no message without a text or an HTML.", field="text")
        return texts
    if message.text or message.html:
        raise MessageInvalid("text: MailerSend takes the text from the template; leave it out.", field="text")
    if message.template.version is not None:
        raise MessageInvalid("template: MailerSend keeps no versions of a template.", field="template")
    return {**texts, "template_id": message.template.id}


def _headers(message: Message) -> dict[str, Any]:
    """Return the headers; some have fields of their own."""
    said: dict[str, Any] = {}
    others = []
    for name, text in header_pairs(message, without=("message-id",)):
        match name.lower():
            case "in-reply-to":
                said["in_reply_to"] = text
            case "references":
                said["references"] = text.split()
            case "list-unsubscribe":
                said["list_unsubscribe"] = _only_link(text)
            case _:
                others.append({"name": name, "value": text})
    return {**said, "headers": others} if others else said


def _only_link(text: str) -> str:
    """Return the link of a List-Unsubscribe, bare as mailersend.com/help/custom-headers has it (2026-11-22)."""
    found = _ONE_LINK(text)
    if found is None:
        raise MessageInvalid("list_unsubscribe: MailerSend takes one link.", field="list_unsubscribe")
    return found[1]


def _suppressed(response: HttpResponse, message: Message) -> dict[str, RecipientStatus]:
    """Return the recipients whom MailerSend suppresses, as a success tells them, whatever its content type is.

    {"warnings": [{"type": "SOME_SUPPRESSED", "recipients": [{"email": "…", "reasons": ["hard_bounced"]}]}]}
    """
    rows: dict[str, RecipientStatus] = {}
    for warning in response.get("warnings", default=[]):
        named = dict(_reasons(warning))
        for to in message.recipients:
            reasons = named.get(to.wire.lower()) or named.get(to.addr_spec.lower())
            if reasons or warning["type"] == "ALL_SUPPRESSED":
                rows[to.key] = RecipientStatus(Status.REFUSED, text=f"suppressed ({reasons or 'as everybody'})")
    return rows


def _reasons(warning: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if warning["type"] in ("SOME_SUPPRESSED", "ALL_SUPPRESSED"):
        for each in warning.get("recipients", []):
            yield str(each["email"]).lower(), ", ".join(map(str, each.get("reasons") or ["no reason given"]))
