"""Messages as Brevo's requests, and its answers as receipts."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from json import dumps
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

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
    OutcomeUnknown,
    Receipt,
    SenderRefused,
    Verification,
    base64_of,
    distinct,
    encoded_text,
    header_map,
    typed_name,
)
from mailbridge.transports.brevo import plugin
from mailbridge.transports.brevo.settings import BrevoOptions, BrevoSettings

# https://developers.brevo.com/reference/sendtransacemail (2026-11-22)
EXTENSIONS = frozenset(
    "xlsx xls ods docx docm doc csv pdf txt gif jpg jpeg png tif tiff rtf bmp cgm css shtml html htm zip xml ppt pptx "
    "tar ez ics mobi msg pub eps odt mp3 m4a m4v wma ogg flac wav aif aifc aiff mp4 mov avi mkv mpeg mpg wmv pkpass "
    "xlsm".split()
)
CODES: Mapping[str, type[MailError]] = {
    "account_under_validation": ConfigError,
    "not_enough_credits": ConfigError,
    "permission_denied": ConfigError,  # the account is not activated for transactional mail
    # A call with this key came within the last 30 minutes. Its answer is not told, so what became of it is not known.
    "duplicate_parameter": OutcomeUnknown,
    "duplicate_request": OutcomeUnknown,
}
_BAD_SENDER = re.compile(r"\bsender\b.*\bvalid|\bvalid sender\b", re.IGNORECASE | re.DOTALL).search
_EXPRESSION = re.compile(r"\{[{%#]").search
_SPECIALS = frozenset('()<>[]:;@\\,."')  # RFC 5322 section 3.2.3
_LONGEST_PAUSE = 3600.0  # seconds
_METADATA = "X-Mailin-custom"


class BrevoTransport(HttpTransport):
    """Sends by POST /smtp/email; messages that differ in recipients, texts and data share a call.

    Such a call has the first message's subject and texts for all, and a version for each message, with
    its recipients and what it says otherwise. Headers, metadata, tags and files are said once for all
    versions. Brevo writes the Message-ID itself; it is the id that its events use.
    """

    plugin = plugin
    regions: ClassVar = {"": "https://api.brevo.com/v3"}
    codes = CODES
    sharing = (
        "from_", "headers", "in_reply_to", "references", "list_unsubscribe", "list_unsubscribe_post", "priority",
        "metadata", "tags", "attachments", "send_at", "template", "provider_options",
    )  # fmt: skip

    def __init__(self, settings: BrevoSettings) -> None:
        super().__init__(settings)
        self._headers = (("api-key", settings.api_key.reveal()), ("Accept", "application/json"))
        self._sandbox = settings.sandbox

    def kind(self, message: Message) -> Hashable:
        """Return what messages of a call agree in; a version cannot take away what is said for all."""
        return super().kind(message), bool(message.subject), bool(message.text), bool(message.html)

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message."""
        payload = self._for_all((message,)) | _own(message, self.options(message, BrevoOptions)) | _content(message)
        return HttpRequest.json("POST", self.url("/smtp/email"), payload, self._headers)

    def build_many(self, messages: Sequence[Message]) -> HttpRequest:
        """Return the call for several messages, a version each."""
        options, common = self.options(messages[0], BrevoOptions), _content(messages[0])
        versions = []
        for message in messages:
            own = {name: text for name, text in _content(message).items() if text != common[name]}
            versions.append(_own(message, options) | own)
        payload = self._for_all(messages) | common | {"messageVersions": versions}
        return HttpRequest.json("POST", self.url("/smtp/email"), payload, self._headers)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt of one message."""
        return self._receipt(response, response.get("messageId"), message)

    def read_many(self, response: HttpResponse, messages: Sequence[Message]) -> list[Outcome]:
        """Return a receipt for each version, whose ids come in their order."""
        found = response.get("messageIds", default=[])
        return self.outcomes(partial(self._receipt, response), found, messages)

    def meaning(self, response: HttpResponse, said: Complaint) -> type[MailError] | None:
        """Tell a sender that Brevo does not know from other invalid parameters."""
        return SenderRefused if response.status == 400 and _BAD_SENDER(said.text) else super().meaning(response, said)

    def pause(self, response: HttpResponse, said: Complaint) -> float | None:
        """Read x-sib-ratelimit-reset, in seconds (developers.brevo.com/docs/limit-headers, 2026-11-22)."""
        reset = response.header("x-sib-ratelimit-reset") or ""
        if response.status != 429 or response.header("retry-after") or not reset.isdecimal():
            return None
        return min(float(reset), _LONGEST_PAUSE)

    def check(self) -> HttpRequest:
        """Ask for the account."""
        return HttpRequest("GET", self.url("/account"), self._headers)

    def checked(self, response: HttpResponse) -> Verification:
        """Say whether the account may send, and what credits it has left."""
        if response.get("relay", "enabled") is False:
            raise ConfigError(
                f"{self} knows the key, but its account is not activated for transactional mail.",
                phase="response",
                transport=str(self),
                hints=["Activate the transactional platform in Brevo's dashboard."],
            )
        credits = {each["type"]: each["credits"] for each in response.get("plan", default=[])}
        return self.verification("Brevo accepts the key.", credits=credits)

    def _for_all(self, messages: Sequence[Message]) -> dict[str, Any]:
        """Return what is said once for all messages of a call."""
        first = messages[0]
        options = self.options(first, BrevoOptions)
        said = {
            "sender": _mailbox(first.from_),
            "headers": self._all_headers(messages, options),
            "attachment": [self._file(each) for each in first.attachments],
            "tags": list(first.tags),
            "scheduledAt": first.send_at and first.send_at.isoformat(timespec="milliseconds"),
            "batchId": options.batch_id and str(options.batch_id),
        }
        return {name: value for name, value in said.items() if value}

    def _all_headers(self, messages: Sequence[Message], options: BrevoOptions) -> dict[str, str]:
        """Return the headers, and those by which Brevo is told other things."""
        first = messages[0]
        said = header_map(first, without=("message-id",))
        if clash := _RESERVED & {name.lower() for name in said}:
            raise MessageInvalid(
                f"headers: Brevo takes {', '.join(sorted(clash))} for orders of ours.", field="headers"
            )
        for name, text in said.items():
            _check_ascii(text, f"headers[{name}]", "headers")
        if first.metadata:
            said[_METADATA] = dumps(first.metadata, ensure_ascii=False, allow_nan=False)
            _check_ascii(said[_METADATA], "metadata", "metadata")
        if key := self.key(messages):
            # It has to be a UUID. The guide on idempotency writes its name in the first way, the API's own types
            # (npm @getbrevo/brevo 6.0.3) in the second (2026-11-22).
            said["idempotencyKey"] = said["Idempotency-Key"] = str(uuid5(NAMESPACE_URL, f"mailbridge:{key}"))
        if options.sender_ip is not None:
            said["sender.ip"] = str(options.sender_ip)
        if self._sandbox:
            said["X-Sib-Sandbox"] = "drop"  # https://developers.brevo.com/docs/using-sandbox-mode (2026-11-22)
        return said

    def _file(self, file: Attachment) -> dict[str, str]:
        if file.content_id:
            raise MessageInvalid(
                "attachments.content_id: Brevo has none; leave it out.", field="attachments.content_id"
            )
        name = typed_name(file, str(self))
        if name.rpartition(".")[2].lower() not in EXTENSIONS:
            raise MessageInvalid(
                f"attachments.filename: Brevo takes no file whose name ends as {name!r} does.",
                field="attachments.filename",
                hints=["Put it into a .zip file, or link to it."],
            )
        if not name.isascii():  # github.com/anymail/django-anymail/issues/449 (2025): names arrive garbled
            raise MessageInvalid(
                f"attachments.filename: Brevo garbles names that are not ASCII, such as {name!r}.",
                field="attachments.filename",
            )
        return {"name": name, "content": base64_of(file)}

    def _receipt(self, response: HttpResponse, found: Any, message: Message) -> Receipt:
        if not isinstance(found, str) or not found:
            raise self.unexpected(response)
        return self.receipt(message, provider_ids=(found,), message_id=found)


_RESERVED = frozenset({"idempotencykey", "idempotency-key", "sender.ip", "x-sib-sandbox", _METADATA.lower()})


def _own(message: Message, options: BrevoOptions) -> dict[str, Any]:
    """Return what is said for one message of a call: recipients, where answers go, and data."""
    if not message.to:
        raise MessageInvalid("to: Brevo needs at least one address in to.", field="to")
    if len(message.reply_to) > 1:
        raise MessageInvalid("reply_to: Brevo takes one address.", field="reply_to")
    consent = {} if options.tracking_consent is None else {"contactPixelTrackingConsent": options.tracking_consent}
    said: dict[str, Any] = {
        field: [_mailbox(each) | consent for each in addresses] for field, addresses in distinct(message).items()
    }
    if message.reply_to:
        said["replyTo"] = _mailbox(message.reply_to[0])
    if message.merge_global:
        said["params"] = _data(message.merge_global)
    return said


def _data(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return merge data, in which there may be no template language: Brevo would carry it out.

    Whoever gives {{7*7}} as his name would be called 49, as a bug bounty found
    (github.com/betagouv/recommandations-collaboratives/pull/2381, 2026-09).
    """
    if _EXPRESSION(dumps(data, ensure_ascii=False)):
        raise MessageInvalid(
            "merge_global: Brevo reads {{, {% and {# in data as its template language, and carries it out.",
            field="merge_global",
            hints=["Take it out of what users wrote, or put a blank between the two characters."],
        )
    return data


def _content(message: Message) -> dict[str, Any]:
    """Return subject and texts, or the template that has them."""
    said = {"subject": message.subject, "textContent": message.text, "htmlContent": message.html}
    said = {name: text for name, text in said.items() if text}
    if message.template is None:
        if not message.subject:
            raise MessageInvalid("subject: Brevo takes no message without a subject.", field="subject")
        if len(said) == 1:
            raise MessageInvalid("text: Brevo takes no message without a text or an HTML.", field="text")
        return said
    if message.text or message.html:
        raise MessageInvalid("text: Brevo takes the text from the template; leave it out.", field="text")
    if message.template.version is not None:
        raise MessageInvalid("template: Brevo keeps no versions of a template.", field="template")
    if not (message.template.id.isascii() and message.template.id.isdecimal()):
        raise MessageInvalid("template: the ids of Brevo's templates are numbers.", field="template")
    return {**said, "templateId": int(message.template.id)}


def _mailbox(address: Address) -> dict[str, str]:
    """Return a mailbox; a name that Brevo would drop is encoded beforehand, which it leaves alone.

    It drops names with both non-ASCII and punctuation (seen by Anymail, pull request 448, 2025-12).
    """
    name = address.name
    if not name:
        return {"email": address.wire}
    if "=?" in name or not (name.isascii() or _SPECIALS.isdisjoint(name)):
        name = encoded_text(name)
    return {"email": address.wire, "name": name}


def _check_ascii(text: str, shown: str, field: str) -> None:
    """Refuse what Brevo would send as raw octets, or decode (seen by Anymail, pull request 448, 2025-12)."""
    if not text.isascii() or "=?" in text:
        raise MessageInvalid(f"{shown}: Brevo takes ASCII only in headers, and no encoded words.", field=field)
