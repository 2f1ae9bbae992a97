"""What the providers' own API descriptions have against a request, for those where it is not simply `violations`."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from functools import partial

from support.descriptions import violations

from mailbridge.extend import HttpRequest
from mailbridge.testing.stubs.named import named


def judge_of(name: str) -> Callable[[HttpRequest], list[str]]:
    """Return the judge of a provider's requests; the endpoint for tokens is in no description."""
    judge = _JUDGES.get(name, partial(violations, name))
    replies = named(name)()
    return lambda request: [] if replies.grants(request) else judge(request)


def _mailgun(request: HttpRequest) -> list[str]:
    """Judge without the subject that is always wanted: in prose it says that a template's own will do."""
    templated = any(mark in request.body for mark in (b'name="template"', b"&template="))
    return [each for each in violations("mailgun", request) if not (templated and "'subject'" in each)]


def _msgraph(request: HttpRequest) -> list[str]:
    """Judge JSON, which is all that the description knows; MIME has to be base64 of a message."""
    if request.header("content-type") == "text/plain":
        b64decode(request.body, validate=True)
        return [] if request.url.endswith(("/sendMail", "/messages")) else [f"{request.url} takes no MIME"]
    return violations("msgraph", request)


def _zoho(request: HttpRequest) -> list[str]:
    """Judge without uploadType, which it lacks (zoho.com/mail/help/api/post-upload-attachments.html)."""
    url = request.url.removesuffix("?uploadType=multipart")
    return violations("zoho", HttpRequest(request.method, url, request.headers, request.body))


_JUDGES: dict[str, Callable[[HttpRequest], list[str]]] = {"mailgun": _mailgun, "msgraph": _msgraph, "zoho": _zoho}
