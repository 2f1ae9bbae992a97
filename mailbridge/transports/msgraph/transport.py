"""Messages as requests of Microsoft Graph, and its answers as receipts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import quote
from uuid import UUID

from mailbridge.extend import (
    MICROSOFT_GRAPHS,
    AuthFailed,
    Authorised,
    Complaint,
    ConfigError,
    ContentRefused,
    Delivery,
    Flow,
    HttpMimeTransport,
    HttpRequest,
    HttpResponse,
    Message,
    MessageInvalid,
    Mime,
    Outcome,
    RateLimited,
    Receipt,
    RecipientRefused,
    SenderRefused,
    ServerError,
    Verification,
    addressed,
    dig,
    microsoft,
    render,
    tokens_for,
)
from mailbridge.transports.msgraph import plugin
from mailbridge.transports.msgraph.draft import Draft
from mailbridge.transports.msgraph.payload import check_headers, needs_mime, payload
from mailbridge.transports.msgraph.settings import MsGraphOptions, MsGraphSettings

ONE_CALL = 4_000_000
"""Octets that Graph takes in one call (learn.microsoft.com/graph/use-the-api, 2026-11-22)."""

_DENIED = frozenset({"ErrorAccessDenied", "Authorization_RequestDenied"})


class MsGraphTransport(Authorised, HttpMimeTransport):
    """Sends by sendMail: in JSON what JSON can say, as MIME everything else; as a draft what is too large.

    MIME has what JSON lacks: text beside HTML, invitations, replies. JSON has what MIME lacks: messages
    that are not kept in Sent Items, categories, a time of sending. Exchange takes all recipients or none,
    and does not tell the Message-ID that it gives.
    """

    plugin = plugin
    regions: ClassVar = {cloud: f"{address}/v1.0" for cloud, address in MICROSOFT_GRAPHS.items()}
    # learn.microsoft.com/graph/errors, learn.microsoft.com/exchange/client-developer, ResponseCode (2026-11-22)
    codes: ClassVar = {
        "InvalidAuthenticationToken": AuthFailed,
        "ErrorAccessDenied": AuthFailed,
        "Authorization_RequestDenied": AuthFailed,
        "ErrorSendAsDenied": SenderRefused,
        "ErrorInvalidRecipients": RecipientRefused,
        "ErrorMessageSizeExceeded": ContentRefused,
        "ErrorExceededMessageLimit": RateLimited,
        "ErrorMessageSubmissionBlocked": ConfigError,
        "ErrorQuotaExceeded": ConfigError,
        "ErrorInvalidUser": ConfigError,
        "MailboxNotEnabledForRESTAPI": ConfigError,
        "Request_ResourceNotFound": ConfigError,
        "ApplicationThrottled": RateLimited,
        "TooManyRequests": RateLimited,
        "ErrorServerBusy": ServerError,
        "ErrorMailboxMoveInProgress": ServerError,
    }

    def __init__(self, settings: MsGraphSettings) -> None:
        super().__init__(settings)
        authority = microsoft(tenant=settings.tenant, cloud=settings.region)
        self.tokens = tokens_for(settings, authority, self.http, user=settings.user)
        self._box = self.base_url + (f"/users/{quote(settings.sends_for, safe='@')}" if settings.sends_for else "/me")

    # --- which form

    def takes_mime(self, delivery: Delivery) -> bool:
        """Whether JSON cannot say it, or a hook wants to see the MIME."""
        return bool(needs_mime(delivery.message)) or (delivery.hooks is not None and delivery.hooks.has_prepare)

    def outgoing(self, delivery: Delivery) -> Message:
        """Return the message for those who are still to get it. Raises MessageInvalid for what would not arrive."""
        message = super().outgoing(delivery)
        check_headers(message)
        if self.takes_mime(delivery):
            self._check_mime(message)
        return message

    def _check_mime(self, message: Message) -> None:
        wants = ["send_at"] if message.send_at is not None else []
        wants += [f"provider_options.msgraph.{name}" for name in self.options(message, MsGraphOptions).given]
        if wants:
            raise MessageInvalid(
                f"{wants[0]}: Graph takes it in JSON only, which has no place for "
                f"{needs_mime(message) or 'what a hook changes of the MIME'}.",
                field=wants[0],
                transport=str(self),
                hints=["Leave one of both out."],
            )

    # --- JSON

    def build(self, message: Message) -> HttpRequest:
        """Return the call for one message in JSON."""
        options = self.options(message, MsGraphOptions)
        said: dict[str, Any] = {"message": payload(message, options)}
        if options.save_to_sent_items is not None:
            said["saveToSentItems"] = options.save_to_sent_items
        return HttpRequest.json("POST", f"{self._box}/sendMail", said, _request_id(message))

    def call(self, messages: Sequence[Message]) -> Flow[list[Outcome]]:
        """Send one message in one call, or by a draft."""
        message = messages[0]
        if not _is_large(message, 4 / 3):
            request = self.build(message)
            self.limits.check_call(len(request.body), ONE_CALL)
            return (yield from self.performed(request, messages))
        options = self.options(message, MsGraphOptions)
        if options.save_to_sent_items is False:
            raise MessageInvalid(
                "provider_options.msgraph.save_to_sent_items: a message of more than 3 MB is sent as a draft, "
                "which is always kept.",
                field="provider_options.msgraph.save_to_sent_items",
                transport=str(self),
            )
        create = HttpRequest.json("POST", self._messages, payload(message, options, files=False), _request_id(message))
        return [(yield from self._drafted(message, create))]

    # --- MIME

    def render(self, message: Message) -> Mime:
        """Return the MIME form; without the files if they are to follow."""
        if _is_large(message, 16 / 9):
            message = message.replace(attachments=())
        return render(message, eight_bit=True)

    def build_mime(self, message: Message, mime: Mime) -> HttpRequest:
        """Return the call for one message in MIME."""
        return self._as_mime(f"{self._box}/sendMail", message, mime)

    def deliver_mime(self, message: Message, mime: Mime) -> Flow[Receipt]:
        """Send one message in MIME, in one call or by a draft."""
        if _is_large(message, 16 / 9):
            return (yield from self._drafted(message, self._as_mime(self._messages, message, mime)))
        return (yield from super().deliver_mime(message, mime))

    def _as_mime(self, url: str, message: Message, mime: Mime) -> HttpRequest:
        body = b64encode(addressed(message, mime))
        self.limits.check_call(len(body), ONE_CALL)
        return HttpRequest("POST", url, [("Content-Type", "text/plain"), *_request_id(message)], body)

    # --- drafts

    @property
    def _messages(self) -> str:
        return f"{self._box}/messages"

    def _drafted(self, message: Message, create: HttpRequest) -> Flow[Receipt]:
        self.limits.check_call(len(create.body), ONE_CALL)
        self.limits.check_call(sum(len(each.content) for each in message.attachments), self.max_bytes)
        response = yield from Draft(self.exchange, self._messages).sent(create, message.attachments)
        return self.read(response, message)

    def signed(self, request: HttpRequest) -> Flow[HttpRequest]:
        """Return the request with the token; not one to an upload session, whose address is the permission."""
        if not request.url.startswith(f"{self.base_url}/"):
            return request
        return (yield from super().signed(request))

    # --- answers

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt: 202, and nothing else is said."""
        if response.status != 202:
            raise self.unexpected(response)
        return self.receipt(message, message_id="", raw={"request-id": response.header("request-id") or ""})

    def complaint(self, response: HttpResponse) -> Complaint:
        """Return Graph's words and code, with the id that Microsoft's support asks for."""
        error = response.get("error", default={})
        code, text = dig(error, "code"), dig(error, "message")
        if not isinstance(text, str):
            return super().complaint(response)
        asked = response.header("request-id")
        return Complaint(
            f"{text.rstrip('.')}; request-id {asked}" if asked else text, code if isinstance(code, str) else ""
        )

    def check(self) -> HttpRequest:
        """Ask who it is."""
        return HttpRequest("GET", self._box)

    def checked(self, response: HttpResponse) -> Verification:
        """Say whose mailbox it is."""
        name = response.get("userPrincipalName", default="")
        return self.verification(f"Microsoft accepts the token; the mailbox is that of {name}.", user=name)

    def excused(self, error: AuthFailed) -> Verification | None:
        """Return what verify() says all the same: a token that permits sending alone may not ask whose it is."""
        if error.code != 403 or error.provider_code not in _DENIED:
            return None
        return self.verification("Microsoft accepts the token, which does not permit to look whose it is.")


def _is_large(message: Message, growth: float) -> bool:
    """Whether a call would be too large, files and texts being `growth` times as long in it as they are."""
    files = sum(len(each.content) for each in message.attachments)
    return files > 0 and (files + len(message.text or "") + len(message.html or "")) * growth > ONE_CALL - 100_000


def _request_id(message: Message) -> list[tuple[str, str]]:
    """Return an id that every try has, by which Microsoft's support finds the calls of a message."""
    key = message.idempotency_key or message.message_id or ""
    return [("client-request-id", str(UUID(bytes=sha256(key.encode()).digest()[:16], version=4)))]
