"""Credentials: asking whether they are good, finding the region in which they are, keeping them out of errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mailbridge.errors import AuthFailed, ConfigError, MailError, ProtocolError
from mailbridge.flow.http import Http, HttpRequest, HttpResponse
from mailbridge.flow.operations import Flow
from mailbridge.receipt import RecipientStatus
from mailbridge.redaction import MASK
from mailbridge.sending.transport import Verification

if TYPE_CHECKING:
    from mailbridge.sending.http.transport import HttpTransport

_LONG_ENOUGH = 6  # characters

UNMISTAKABLE = 16
"""Characters of a secret that stands nowhere by chance."""


def verified(transport: HttpTransport) -> Flow[Verification]:
    """Ask the provider whether the credentials are good; if they are not, look for the region in which they are."""
    try:
        response = yield from transport.exchange(transport.check())
    except ConfigError as error:
        if isinstance(error, AuthFailed) and (found := transport.excused(error)) is not None:
            return found
        elsewhere = isinstance(error, AuthFailed) or error.code == 404  # a domain, say, that another region has
        if elsewhere and (region := (yield from region_of_the_key(transport))):
            error.hints = (f"The key works in the region {region}: set region={region}.",)
        elif elsewhere and not transport.seeks_region and len(transport.regions) > 1:
            error.hints = (*error.hints, "A login is good in one region only: check region.")
        raise
    if not response.successful or not response.complete or (response.body and response.data is None):
        raise _unlike_an_api(transport, response)
    try:
        return transport.checked(response)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise _unlike_an_api(transport, response) from error


def _unlike_an_api(transport: HttpTransport, response: HttpResponse) -> ProtocolError:
    """Return the error for a success that may be anybody's: a page to log in to a network has status 200 as well."""
    return ProtocolError(
        f"{transport} answered HTTP {response.status} with something its API does not say.",
        phase="response",
        code=response.status,
        transport=str(transport),
        hints=["A proxy, a firewall or a login page may have answered instead; check base_url and proxy."],
    )


def region_of_the_key(transport: HttpTransport) -> Flow[str]:
    """Return the other region in which the credentials are good, or an empty string."""
    if transport.settings.base_url or not transport.seeks_region:
        return ""
    here = transport.base_url
    request = transport.check()
    for region, there in transport.regions.items():
        if there != here and request.url.startswith(here):
            elsewhere = HttpRequest(request.method, there + request.url[len(here) :], request.headers, request.body)
            try:
                response = yield Http((yield from transport.signed(elsewhere)), transport.http)
            except MailError:
                continue
            if response.successful:
                return region
    return ""


def long_enough(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return the secrets that can be told from ordinary text."""
    return tuple(secret for secret in secrets if len(secret) >= _LONG_ENOUGH)


def without_secrets(response: HttpResponse, secrets: Iterable[str], *, shortest: int = 0) -> HttpResponse:
    """Return the response with secrets masked, before words are cut out of it: half a key is no text to replace.

    Args:
        shortest: leave shorter ones alone: in what tells fates, a part of an address could be taken for one.
    """
    secrets = [each for each in secrets if len(each) >= shortest]
    told = (response.text, *(value for _, value in response.headers))
    if not any(each in text for each in secrets for text in told):
        return response

    def masked(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, MASK)
        return text

    body = response.body
    for secret in secrets:
        body = body.replace(secret.encode(), MASK.encode())
    headers = [(name, masked(value)) for name, value in response.headers]
    return HttpResponse(response.status, headers, body, complete=response.complete)


def veiled(error: MailError, secrets: Iterable[str]) -> MailError:
    """Mask secrets wherever in an error the provider's words stand: some repeat the key that they refuse."""

    def masked(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, MASK)
        return text

    error.text = masked(error.text)
    error.args = (error.text,)
    error.provider_code = masked(error.provider_code)
    error.hints = tuple(map(masked, error.hints))
    for address, row in error.recipients.items():
        if isinstance(row, RecipientStatus):
            error.recipients[address] = row._replace(text=masked(row.text))
    return error
