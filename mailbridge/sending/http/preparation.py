"""Calls that prepare a send: uploads, drafts, look-ups."""

from __future__ import annotations

from collections.abc import Callable

from mailbridge.errors import OutcomeUnknown, ServerError, TimedOut
from mailbridge.flow.http import HttpRequest, HttpResponse
from mailbridge.flow.operations import Flow


def preparing(exchange: Callable[[HttpRequest], Flow[HttpResponse]], request: HttpRequest) -> Flow[HttpResponse]:
    """Make a call that sends no message yet, so that nothing is unknown when its answer is lost.

    Raises TimedOut or ServerError, which permit another try, in place of OutcomeUnknown; else what
    `exchange` raises.
    """
    try:
        response = yield from exchange(request)
    except OutcomeUnknown as error:
        kind = TimedOut if error.code is None else ServerError
        raise kind(
            "A call that prepares the message got no answer"
            f"{'' if error.code is None else f' of use (HTTP {error.code})'}; the message was not sent.",
            phase="send",
            code=error.code,
            provider_code=error.provider_code,
        ) from error
    if not response.complete:
        raise ServerError(
            "The answer to a call that prepares the message broke off; the message was not sent.", phase="send"
        )
    return response
