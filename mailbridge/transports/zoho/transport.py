"""Messages as requests of the Zoho Mail API, and its answers as receipts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from mailbridge.extend import (
    Address,
    Attachment,
    AuthFailed,
    Authorised,
    Complaint,
    ConfigError,
    Flow,
    FormFile,
    HttpRequest,
    HttpResponse,
    Message,
    MessageInvalid,
    Outcome,
    ProtocolError,
    Receipt,
    Verification,
    dig,
    preparing,
    tokens_for,
    zoho,
)
from mailbridge.transports.zoho import plugin
from mailbridge.transports.zoho.settings import ZohoOptions, ZohoSettings

_ACCOUNTS = "/api/accounts"
_STORED = ("storeName", "attachmentName", "attachmentPath")


class ZohoTransport(Authorised):
    """Sends by POST /api/accounts/{accountId}/messages; files are uploaded first.

    The number of the mailbox is looked up once. Zoho takes all recipients or none; the author's name is
    that of the account.
    """

    plugin = plugin
    regions: ClassVar = {
        "us": "https://mail.zoho.com",
        "eu": "https://mail.zoho.eu",
        "in": "https://mail.zoho.in",
        "au": "https://mail.zoho.com.au",
        "jp": "https://mail.zoho.jp",
        "ca": "https://mail.zohocloud.ca",
        "ae": "https://mail.zoho.ae",
        "sa": "https://mail.zoho.sa",
        "cn": "https://mail.zoho.com.cn",
    }
    token_kind = "Zoho-oauthtoken"  # noqa: S105 - a word
    stale = frozenset({"INVALID_OAUTHTOKEN"})
    codes: ClassVar = {"INVALID_OAUTHTOKEN": AuthFailed, "INVALID_OAUTHSCOPE": AuthFailed}

    def __init__(self, settings: ZohoSettings) -> None:
        super().__init__(settings)
        self.tokens = tokens_for(settings, zoho(region=settings.region), self.http, user=settings.user)
        self._account = settings.account_id
        self._html_alone = settings.html_alone

    def call(self, messages: Sequence[Message]) -> Flow[list[Outcome]]:
        """Send one message, after looking up the mailbox and uploading the files."""
        message = messages[0]
        said = self._payload(message)  # before any call: it refuses what cannot be said
        self.limits.check_call(sum(len(each.content) for each in message.attachments), self.max_bytes)
        path = f"{_ACCOUNTS}/{quote((yield from self._account_id()), safe='')}/messages"
        if message.attachments:
            said["attachments"] = files = []
            for each in message.attachments:
                files.append((yield from self._uploaded(f"{path}/attachments", each)))
        return (yield from self.performed(HttpRequest.json("POST", self.url(path), said), messages))

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt; the Message-ID that Zoho gave is not told."""
        found = response.data["data"]["messageId"]
        if not isinstance(found, (str, int)) or not found:
            raise self.unexpected(response)
        return self.receipt(message, provider_ids=[str(found)], message_id="", raw=response.data)

    def complaint(self, response: HttpResponse) -> Complaint:
        """Return Zoho's words and code: `{"status": {"code", "description"}, "data": {"moreInfo", "errorCode"}}`."""
        description = response.get("status", "description")
        if not isinstance(description, str):
            return super().complaint(response)
        more, code = response.get("data", "moreInfo"), response.get("data", "errorCode")
        words = f"{description}: {more}" if isinstance(more, str) and more else description
        return Complaint(words, code if isinstance(code, str) else "")

    def check(self) -> HttpRequest:
        """Ask for the mailboxes."""
        return HttpRequest("GET", self.url(_ACCOUNTS))

    def checked(self, response: HttpResponse) -> Verification:
        """Say which mailbox it will be."""
        account = self._chosen(response)
        return self.verification(f"Zoho accepts the token; the mailbox is number {account}.", account_id=account)

    def _payload(self, message: Message) -> dict[str, Any]:
        self._check(message)
        html = message.html is not None
        said = {
            "fromAddress": message.from_.wire,
            "toAddress": _listed(message.to),
            "subject": message.subject,
            "content": message.html if html else message.text or "",
            "mailFormat": "html" if html else "plaintext",
            "encoding": "UTF-8",
        }
        for name, people in (("ccAddress", message.cc), ("bccAddress", message.bcc)):
            if people:
                said[name] = _listed(people)
        receipt = self.options(message, ZohoOptions).ask_receipt
        return said if receipt is None else said | {"askReceipt": "yes" if receipt else "no"}

    def _check(self, message: Message) -> None:
        """Raise MessageInvalid for what the API has no place for."""
        if message.reply_to:
            raise self._homeless("reply_to", "has no place for it; answers go to the author", "Leave it out")
        if message.text is not None and message.html is not None and not self._html_alone:
            cure = "Leave one out, set html_alone to have the text left out"
            raise self._homeless("text", "takes one form of the body, and this message has HTML too", cure)
        if not message.to:
            raise self._homeless("to", "needs at least one address in to", "Give one")
        if any(each.content_id for each in message.attachments):
            raise self._homeless("attachments.content_id", "has no place for it", "Leave it out")

    def _homeless(self, field: str, why: str, cure: str) -> MessageInvalid:
        return MessageInvalid(
            f"{field}: Zoho's API {why}.", field=field, transport=str(self), hints=[f"{cure}, or send by zoho+smtp://."]
        )

    def _account_id(self) -> Flow[str]:
        """Return the number of the mailbox, looked up once."""
        if not self._account:
            response = yield from preparing(self.exchange, self.check())
            self._account = self._chosen(response)
        return self._account

    def _chosen(self, response: HttpResponse) -> str:
        """Return the number of the user's mailbox, or of the only one. Raises ConfigError if it is not clear which."""
        rows = response.get("data")
        if not isinstance(rows, list) or not all(dig(row, "accountId") for row in rows):
            raise ProtocolError(
                f"{self} told no mailboxes when it was asked for them.", phase="response", code=response.status
            )
        user = self.settings.user.lower()
        found = [row for row in rows if not user or user in _addresses(row)]
        if len(found) != 1:
            raise ConfigError(
                f"{self} has {len(found)} mailboxes for {user or 'this token'}; it must be one.",
                phase="response",
                hints=["Name the mailbox with user, or give its number as account_id."],
            )
        return str(found[0]["accountId"])

    def _uploaded(self, path: str, each: Attachment) -> Flow[dict[str, Any]]:
        """Upload a file; return how the message has to name it."""
        file = FormFile("attach", each.filename or "attachment", each.content, each.content_type)
        request = HttpRequest.multipart("POST", self.url(f"{path}?uploadType=multipart"), [], [file])
        response = yield from preparing(self.exchange, request)
        row = response.get("data", 0) or response.get("data")
        if not all(isinstance(dig(row, name), str) for name in _STORED):
            raise ProtocolError(
                f"{self} did not say where it put a file; the message was not sent.",
                phase="response",
                code=response.status,
            )
        return {name: row[name] for name in _STORED}


def _listed(addresses: Iterable[Address]) -> str:
    """Return addresses without names, which Zoho's description does not foresee."""
    return ",".join(dict.fromkeys(each.wire for each in addresses))


def _addresses(row: Any) -> set[str]:
    """Return every address of a mailbox."""
    said = [dig(row, "primaryEmailAddress"), dig(row, "emailAddress")]
    for name, part in (("emailAddress", "mailId"), ("sendMailDetails", "fromAddress")):
        said += [dig(each, part) for each in dig(row, name) or [] if isinstance(each, dict)]
    return {each.lower() for each in said if isinstance(each, str)}
