"""Gmail: users.messages.send, as an upload or in JSON, with a token of Google's.

Answers: https://developers.google.com/gmail/api/reference/rest/v1/users.messages/send and
/gmail/api/guides/handle-errors, https://developers.google.com/identity/protocols/oauth2 (2026-11-22).
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from email import message_from_bytes, policy
from typing import Any, ClassVar

from mailbridge.errors import AuthFailed, ConfigError, ContentRefused, MessageInvalid, RateLimited, ServerError
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.testing.contract.decoded import Decoded
from mailbridge.testing.stubs.mime import blind_and_raw
from mailbridge.testing.stubs.replies import Refusal, Replies, json_answer, path_of

__all__ = ["Gmail"]


class Gmail(Replies):
    """Answers as Google does, the token endpoint included."""

    dsn = (
        "gmail://ann%40example.com@default?client_id=c-1&client_secret=GOCSPX-canary-of-the-secret"
        "&refresh_token=1//0canary-of-the-refresh-token"
    )
    token = "/token"  # noqa: S105 - a path
    tolerated: ClassVar = {"bcc.name": "a Bcc field is for the API, which removes it: nobody sees the names"}
    refusals: ClassVar = {
        # Not 401, at which a client gets itself another token.
        AuthFailed: Refusal(403, "Request had insufficient authentication scopes.", "insufficientPermissions"),
        ConfigError: Refusal(400, "Mail service not enabled", "failedPrecondition"),
        ContentRefused: Refusal(400, "Invalid To header", "invalidArgument"),
        RateLimited: Refusal(429, "User-rate limit exceeded.  Retry after {until}", "rateLimitExceeded"),
        ServerError: Refusal(503, "The service is currently unavailable.", "backendError"),
    }

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Accept everything."""
        if self.grants(request):
            token = "ya29.a0canary-of-the-access-token"  # noqa: S105 - made up
            return json_answer({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})
        if path_of(request).endswith("/profile"):
            return json_answer({"emailAddress": "ann@example.com", "messagesTotal": 1})
        return json_answer({"id": "18c1", "threadId": "18c0", "labelIds": ["SENT"]})

    def decode(self, request: HttpRequest) -> list[Decoded]:
        """Return the message of an upload, or the one in JSON that Google's own libraries send."""
        if not path_of(request).endswith("/messages/send"):
            return []
        return [Decoded(**blind_and_raw(_octets(request)))]

    def error(self, refusal: Refusal) -> HttpResponse:
        """Return Google's `{"error": {"code", "message", "errors": [{"domain", "reason", "message"}]}}`."""
        row = {"domain": "global", "reason": refusal.code, "message": refusal.text}
        said = {"code": refusal.status, "message": refusal.text, "errors": [row]}
        return json_answer({"error": said}, refusal.status)

    def waiting(self, seconds: int) -> list[tuple[str, str]]:
        """Return nothing: how long to wait stands in the words."""
        return []


def _octets(request: HttpRequest) -> bytes:
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind == "message/rfc822":
        return request.body
    if kind == "application/json":
        return _unpacked(json.loads(request.body)["raw"])
    if kind == "multipart/related":
        head = f"Content-Type: {request.header('content-type')}\r\n\r\n".encode()
        whole: Any = message_from_bytes(head + request.body, policy=policy.HTTP)
        boundary = f"\r\n--{whole.get_boundary()}".encode()
        # The second part as it is: parsed and written again it could be another message.
        section = (b"\r\n" + request.body).split(boundary)[2]
        return section.removeprefix(b"\r\n").partition(b"\r\n\r\n")[2]
    raise MessageInvalid(
        f"An upload is message/rfc822, multipart/related or JSON, not {kind or 'unnamed'}.", field="raw"
    )


def _unpacked(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
