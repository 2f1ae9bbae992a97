"""Messages as requests of the Gmail API, and its answers as receipts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import ClassVar

from mailbridge.extend import (
    AuthFailed,
    Authorised,
    Complaint,
    ConfigError,
    HttpMimeTransport,
    HttpRequest,
    HttpResponse,
    Message,
    Mime,
    RateLimited,
    Receipt,
    Verification,
    addressed,
    dig,
    encoded_json,
    google,
    timestamp,
    tokens_for,
)
from mailbridge.transports.gmail import plugin
from mailbridge.transports.gmail.settings import GmailOptions, GmailSettings

_SEND = "/upload/gmail/v1/users/me/messages/send?uploadType="
_PROFILE = "/gmail/v1/users/me/profile"
_SCOPE = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})


class GmailTransport(Authorised, HttpMimeTransport):
    """Sends by users.messages.send, in the form of an upload: MIME as it is, of any size, without base64.

    Gmail sends to everybody in To, Cc and Bcc, and shows a blind copy to nobody else
    (googleapis/google-api-go-client#3047, 2026-11-22). It takes all recipients or none; those that turn
    out bad are told by bounces to the mailbox.
    """

    plugin = plugin
    regions: ClassVar = {"": "https://gmail.googleapis.com"}
    # developers.google.com/gmail/api/guides/handle-errors (2026-11-22)
    codes: ClassVar = {
        "authError": AuthFailed,
        "insufficientPermissions": AuthFailed,
        "rateLimitExceeded": RateLimited,
        "userRateLimitExceeded": RateLimited,
        "dailyLimitExceeded": RateLimited,
        "quotaExceeded": RateLimited,
        "accessNotConfigured": ConfigError,
        "delegationDenied": ConfigError,
        "domainPolicy": ConfigError,
        "failedPrecondition": ConfigError,  # "Mail service not enabled"; a service account without a user
    }

    def __init__(self, settings: GmailSettings) -> None:
        super().__init__(settings)
        self.tokens = tokens_for(
            settings, google(), self.http, user=settings.user, service_account=settings.service_account
        )

    def build_mime(self, message: Message, mime: Mime) -> HttpRequest:
        """Return the upload: the message alone, or with what is said of it besides."""
        octets = addressed(message, mime)
        options = self.options(message, GmailOptions)
        if options.thread_id is None:
            return HttpRequest("POST", self.url(f"{_SEND}media"), [("Content-Type", "message/rfc822")], octets)
        kind, body = _related(encoded_json({"threadId": options.thread_id}), octets)
        return HttpRequest("POST", self.url(f"{_SEND}multipart"), [("Content-Type", kind)], body)

    def read(self, response: HttpResponse, message: Message) -> Receipt:
        """Return the receipt; the Message-ID that Gmail gave is not told."""
        found = response.data["id"]
        if not isinstance(found, str) or not found:
            raise self.unexpected(response)
        return self.receipt(message, provider_ids=[found], message_id="", raw=response.data)

    def complaint(self, response: HttpResponse) -> Complaint:
        """Return Google's words, and the reason as the code."""
        error = response.get("error", default={})
        reason = dig(error, "errors", 0, "reason") or dig(error, "details", 0, "reason") or dig(error, "status")
        message = dig(error, "message")
        return Complaint(
            message if isinstance(message, str) else "",
            reason if isinstance(reason, str) else "",
            "",
        )

    def pause(self, response: HttpResponse, said: Complaint) -> float | None:
        """Return the wait that Google writes into its sentence: "Retry after 2026-11-22T10:00:00.000Z"."""
        until = _RETRY_AFTER(said.text)
        now = timestamp(response.header("date") or "")
        if until is None or now is None:
            return None
        return max(datetime.fromisoformat(until[1]).replace(tzinfo=UTC).timestamp() - now, 0.0)

    def check(self) -> HttpRequest:
        """Ask for the profile of the mailbox."""
        return HttpRequest("GET", self.url(_PROFILE))

    def checked(self, response: HttpResponse) -> Verification:
        """Say whose mailbox it is."""
        address = response.get("emailAddress", default="")
        return self.verification(f"Google accepts the token, which is that of {address}.", user=address)

    def excused(self, error: AuthFailed) -> Verification | None:
        """Return what verify() says all the same: a token that permits sending alone may not ask whose it is."""
        if error.code != 403 or error.provider_code not in _SCOPE:
            return None
        return self.verification("Google accepts the token, which does not permit to look whose it is.")


def _related(metadata: bytes, octets: bytes) -> tuple[str, bytes]:
    """Return both as multipart/related, with a boundary that a second try has as well."""
    boundary = f"mailbridge-{sha256(octets).hexdigest()[:40]}".encode()
    body = b"".join((
        b"--", boundary, b"\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n", metadata,
        b"\r\n--", boundary, b"\r\nContent-Type: message/rfc822\r\n\r\n", octets,
        b"\r\n--", boundary, b"--\r\n",
    ))  # fmt: skip
    return f"multipart/related; boundary={boundary.decode()}", body


_RETRY_AFTER = re.compile(r"Retry after (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z").search
