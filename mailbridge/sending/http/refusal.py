"""What a provider's refusal means: from status and error body to a typed error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mailbridge.errors import (
    AuthFailed,
    ConfigError,
    ContentRefused,
    MailError,
    OutcomeUnknown,
    RateLimited,
    ServerError,
)
from mailbridge.escapes import visible
from mailbridge.flow.http import HttpResponse, dig
from mailbridge.sending.http.retry_after import retry_after

LONGEST = 500
"""Characters of a provider's words that an error repeats."""

KINDS: Mapping[int, type[MailError]] = {
    400: ContentRefused,
    401: AuthFailed,
    402: ConfigError,
    403: AuthFailed,
    404: ConfigError,
    405: ConfigError,
    406: ConfigError,
    407: ConfigError,
    408: ServerError,
    409: ContentRefused,
    410: ConfigError,
    413: ContentRefused,
    415: ContentRefused,
    422: ContentRefused,
    425: ServerError,
    429: RateLimited,
    503: ServerError,
}
"""What a status means where the provider's own code says nothing better.

Not here: 500, 502, 504 and the like. They come after the request was taken in, from a program that
broke or from a gateway that lost its server: the message may be on its way (OutcomeUnknown).
"""


class Complaint(NamedTuple):
    """What an error body says: a sentence, the provider's code, the field it is about."""

    text: str = ""
    code: str = ""
    field: str = ""


def complaint(response: HttpResponse) -> Complaint:
    """Read an error body of one of the usual shapes.

    `{"message", "code"|"name"}`, `{"error": "…"}`, `{"error": {"message", "code"}}`,
    `{"errors": ["…"]}`, `{"errors": [{"message", "code", "field"}]}`.
    """
    data = response.data
    for place in (("errors", 0), ("error",), ()):
        found = dig(data, *place)
        if isinstance(found, str) and found:
            return Complaint(found, _text(dig(data, "code") or dig(data, "name")))
        if isinstance(found, dict) and (text := found.get("message")):
            return Complaint(_text(text), _text(found.get("code") or found.get("name")), _text(found.get("field")))
    return Complaint()


def refused(
    response: HttpResponse,
    said: Complaint,
    *,
    transport: str,
    codes: Mapping[str, type[MailError]],
    now: float,
    seconds: float | None = None,
) -> MailError:
    """Return the error for a response that is no success.

    Args:
        said: what its body says.
        codes: what the provider's codes mean; they go before the status.
        now: seconds since 1970.
        seconds: how long to wait, where the provider says it elsewhere than in Retry-After.
    """
    kind = codes.get(said.code) or KINDS.get(response.status)
    if kind is None:
        return _strange(response, said, transport)
    wait = seconds if seconds is not None else retry_after(response, now)
    return kind(
        f"{transport} {_VERBS.get(kind, 'refused the request')}: {words(response, said)}",
        phase="response",
        code=response.status,
        provider_code=said.code,
        retry_after=wait if issubclass(kind, (RateLimited, ServerError)) else None,
        hints=_hints(kind, response.status),
        transport=transport,
    )


def words(response: HttpResponse, said: Complaint) -> str:
    """Return what a person needs of a response: status, code, field, and the provider's own words."""
    text = said.text or _snippet(response)
    shown = " ".join(visible(" ".join(text.split()))[:LONGEST].split())
    about = [f"HTTP {response.status}", *(each for each in (visible(said.code)[:80], visible(said.field)[:80]) if each)]
    return f"{shown.rstrip('.')} ({', '.join(about)})." if shown else f"{', '.join(about)}."


def _strange(response: HttpResponse, said: Complaint, transport: str) -> MailError:
    status = response.status
    if status >= 500:
        return OutcomeUnknown(
            f"{transport} failed after it had taken the request: {words(response, said)} "
            "The message may have been accepted; sending it again could make a second copy.",
            phase="response",
            code=status,
            provider_code=said.code,
            transport=transport,
        )
    if 300 <= status < 400:
        where = visible((response.header("location") or "somewhere else").partition("?")[0])[:200]
        return ConfigError(
            f"{transport} redirects to {where} (HTTP {status}); credentials are not sent after it.",
            phase="response",
            code=status,
            transport=transport,
            hints=["Set base_url to the address of the API itself."],
        )
    kind = ContentRefused if 400 <= status < 500 else OutcomeUnknown
    return kind(f"{transport} answered {words(response, said)}", phase="response", code=status, transport=transport)


def _hints(kind: type[MailError], status: int) -> tuple[str, ...]:
    """Return what helps against an error of this kind; what a status advises is not said where it means another."""
    if KINDS.get(status) is kind:
        return _HINTS.get(status, ())
    return _HINTS[401] if kind is AuthFailed else ()


def _snippet(response: HttpResponse) -> str:
    """Return the beginning of a body that is no error body of an API, if it is text at all."""
    kind = response.header("content-type") or ""
    if "html" in kind.lower() or response.body.lstrip()[:1] == b"<":
        return "the answer is a web page, not the API's"
    return response.text[:LONGEST]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


_VERBS: Mapping[type[MailError], str] = {
    AuthFailed: "refused the credentials",
    ContentRefused: "refused the message",
    RateLimited: "asks to slow down",
    ServerError: "cannot do it now",
}
_HINTS: Mapping[int, tuple[str, ...]] = {
    401: ("Check the key, and that it belongs to this account and region; mailbridge config check --verify tells.",),
    402: ("The account has no credit left, or its plan does not allow this.",),
    403: ("The key may lack the right to send, or the sender is not verified.",),
    404: ("Check base_url, the region, and the names in the settings.",),
    407: ("A proxy answers in the API's place: give it user and password in `proxy`.",),
    413: ("Send fewer or smaller attachments.",),
}
