"""`Authorised`: HTTP transports that show an OAuth 2 access token."""

from __future__ import annotations

from typing import ClassVar

from mailbridge.errors import MailError
from mailbridge.flow.http import HttpRequest
from mailbridge.flow.operations import Flow
from mailbridge.sending.http.transport import HttpTransport
from mailbridge.sending.oauth.source import Tokens
from mailbridge.settings.http import HttpSettings


class Authorised(HttpTransport):
    """An HTTP transport whose requests show an access token; one that is refused (401) is renewed once.

    A transport sets `tokens`, usually by `tokens_for(settings, authority, self.http)`.
    """

    token_kind: ClassVar[str] = "Bearer"  # noqa: S105 - a word
    """The word before the token (RFC 6750 section 2.1)."""

    seeks_region = False  # a token is meant for one server, and some regions are run by others

    stale: ClassVar[frozenset[str]] = frozenset()
    """The provider's codes that say what 401 says, where it has another status for that."""

    tokens: Tokens

    def __init__(self, settings: HttpSettings) -> None:
        super().__init__(settings)
        self._own_secrets = self._secrets

    def signed(self, request: HttpRequest) -> Flow[HttpRequest]:
        """Return the request with the token."""
        token = yield from self.tokens.token()
        self._secrets = (*self._own_secrets, token.reveal())  # some servers repeat what they refuse
        return request.with_headers(("Authorization", f"{self.token_kind} {token.reveal()}"))

    def renewed(self, error: MailError, request: HttpRequest) -> Flow[bool]:
        """Renew the token that `request` had, unless somebody else has; other refusals than 401 stand."""
        if error.code != 401 and error.provider_code not in self.stale:
            return False
        # Not in a variable: a traceback may show those of this frame.
        return (yield from self.tokens.renewed((request.header("authorization") or "").partition(" ")[2]))
