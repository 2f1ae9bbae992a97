"""Answers of a service that is not well, and what may come of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from mailbridge.errors import ConfigError, MailError, OutcomeUnknown, RateLimited
from mailbridge.flow.http import HttpResponse, encoded_json
from mailbridge.receipt import Receipt
from mailbridge.sending.delivery import Outcome

__all__ = ["Fault", "faulty_answers"]

_HTML = b"<!doctype html><html><head><title>Sign in</title></head><body><h1>Sign in to the wifi</h1></body></html>"
_JSON = ("Content-Type", "application/json")
_STATUSES = (300, 301, 302, 304, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 413, 415, 418, 422, 425, 429, 451)
_SERVER_STATUSES = (500, 501, 502, 503, 504, 507, 520, 524, 599)
_FAULT = "a fault in the transport"
"""The words of the send path for an exception that is no MailError."""

_NONSENSE = (b"", b"{}", b"[]", b"null", b'"text"', b"7", b"[null]", b'{"id":', b"\xff\xfe", _HTML)


class Fault(NamedTuple):
    """One answer, and what is wrong with an outcome that follows it."""

    name: str
    response: HttpResponse
    judge: Callable[[Outcome], Iterator[str]]

    @property
    def is_no_answer(self) -> bool:
        """Whether it is a success that no API tells: a page, or something that breaks off."""
        response = self.response
        return response.successful and (not response.complete or response.body == _HTML)

    def judged(self, outcome: Outcome) -> Iterator[str]:
        """Say what is wrong with an outcome."""
        yield from self.judge(outcome)
        if isinstance(outcome, MailError) and _FAULT in outcome.text:
            yield f"the transport does not stand it: {outcome.text}"


def faulty_answers(secrets: Iterable[str]) -> Iterator[Fault]:
    """Yield errors and nonsense; some answers repeat what they were sent, the secrets too."""
    echo = " ".join(secrets)
    for status in (*_STATUSES, *_SERVER_STATUSES):
        for kind, body in _error_bodies(echo).items():
            headers = [_JSON] if body[:1] == b"{" else [("Content-Type", "text/html")]
            if status in (429, 503):
                headers.append(("Retry-After", "7"))
            yield Fault(f"HTTP {status}, {kind}", HttpResponse(status, headers, body), _JUDGES.get(status, _refused))
    for status in (200, 202):
        for body in _NONSENSE:
            yield Fault(f"HTTP {status} with {body[:12]!r}", HttpResponse(status, [_JSON], body), _not_clear)
    yield Fault("an answer that breaks off", HttpResponse(200, [_JSON], b'{"id": "1', complete=False), _unknown)


def _error_bodies(echo: str) -> dict[str, bytes]:
    said = f"The key {echo} is not good."
    return {
        "no body": b"",
        "HTML": _HTML + said.encode(),
        "a message": encoded_json({"message": said, "code": 7, "name": "bad", "status": "error"}),
        "a list": encoded_json({"errors": [{"message": said, "field": "from", "code": "x"}]}),
        "an error": encoded_json({"error": {"message": said, "code": echo, "status": 1}, "detail": said}),
        "other types": encoded_json({"message": [1], "errors": {"from": [said]}, "error": None, "code": {}}),
    }


def _refused(outcome: Outcome) -> Iterator[str]:
    if not isinstance(outcome, MailError):
        yield f"it is taken for a success: {outcome!r}"


def _credentials(outcome: Outcome) -> Iterator[str]:
    if not isinstance(outcome, ConfigError):
        yield f"it should be AuthFailed, or another ConfigError, and is {outcome!r}"


def _too_fast(outcome: Outcome) -> Iterator[str]:
    if not isinstance(outcome, RateLimited):
        yield f"it should be RateLimited, and is {outcome!r}"
    elif outcome.retry_after != 7:
        yield f"Retry-After was 7 seconds, the error says {outcome.retry_after}"


def _perhaps(outcome: Outcome) -> Iterator[str]:
    """Whoever fails after he took the request in may have sent the message."""
    yield from _refused(outcome)
    if isinstance(outcome, MailError) and outcome.retryable:
        yield f"the message may have been accepted, so it must not be tried again: {outcome!r}"


def _unknown(outcome: Outcome) -> Iterator[str]:
    if not isinstance(outcome, OutcomeUnknown):
        yield f"nobody knows whether it was accepted, and it is {outcome!r}"


def _not_clear(outcome: Outcome) -> Iterator[str]:
    """A success that says nothing: some services say no more than its status."""
    if not isinstance(outcome, Receipt | OutcomeUnknown):
        yield f"nobody knows whether it was accepted, and it is {outcome!r}"


_JUDGES: dict[int, Callable[[Outcome], Iterator[str]]] = {
    401: _credentials,
    429: _too_fast,
    500: _perhaps,
    502: _perhaps,
    504: _perhaps,
}
