"""Errors as users of Flask-Mail catch them: each is a MailError, and what `smtplib` would have raised.

| MailError | is also |
|---|---|
| AuthFailed | smtplib.SMTPAuthenticationError |
| RecipientRefused, RecipientDeferred | smtplib.SMTPRecipientsRefused |
| SenderRefused | smtplib.SMTPSenderRefused |
| ContentRefused | smtplib.SMTPDataError |
| RateLimited, ServerError | smtplib.SMTPResponseException |
| Unsupported | smtplib.SMTPNotSupportedError |
| ConnectFailed but for TlsFailed, OutcomeUnknown | smtplib.SMTPServerDisconnected |
| every other | smtplib.SMTPException |
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from mailbridge import (
    AuthFailed,
    ConfigError,
    ConnectFailed,
    ContentRefused,
    MailError,
    MessageInvalid,
    OutcomeUnknown,
    RateLimited,
    RecipientDeferred,
    RecipientRefused,
    SenderRefused,
    ServerError,
    TlsFailed,
    Unsupported,
)

# The first that fits: the order matters where one is the other's parent.
_ALSO: dict[type[MailError], type[smtplib.SMTPException]] = {
    AuthFailed: smtplib.SMTPAuthenticationError,
    RecipientRefused: smtplib.SMTPRecipientsRefused,
    RecipientDeferred: smtplib.SMTPRecipientsRefused,
    SenderRefused: smtplib.SMTPSenderRefused,
    ContentRefused: smtplib.SMTPDataError,
    RateLimited: smtplib.SMTPResponseException,
    ServerError: smtplib.SMTPResponseException,
    Unsupported: smtplib.SMTPNotSupportedError,
    TlsFailed: smtplib.SMTPException,
    ConnectFailed: smtplib.SMTPServerDisconnected,
    OutcomeUnknown: smtplib.SMTPServerDisconnected,
    MailError: smtplib.SMTPException,
}


class BadHeaderError(MessageInvalid):
    """A line break stands in a subject, an address or another header: somebody tries to add headers."""


class Incomplete(MessageInvalid, AssertionError):
    """The message has no recipients, or no sender; as in Flask-Mail an AssertionError, which `python -O` keeps."""


class NotSetUp(ConfigError, RuntimeError):
    """No app is at hand, or it has no mail; as in Flask-Mail a RuntimeError."""


@contextmanager
def smtplib_too() -> Iterator[None]:
    """Raise every MailError of the block as one that `except smtplib.SMTPException` catches."""
    try:
        yield
    except (BadHeaderError, Incomplete):
        raise
    except MailError as error:
        raise as_smtplib(error).with_traceback(error.__traceback__) from error.__cause__


def as_smtplib(error: MailError) -> MailError:
    """Return the same error, of a class that `smtplib` knows as well; with `smtp_code` and `smtp_error`.

    An error that Python cannot join with those, for it is another built-in exception, stays as it is.

    >>> error = as_smtplib(AuthFailed("Refused.", code=535))
    >>> isinstance(error, AuthFailed), isinstance(error, smtplib.SMTPAuthenticationError), error.smtp_code
    (True, True, 535)
    """
    kind: Any = type(error)
    if _joined(kind) is None:
        return error
    return _made(kind, {**error.__dict__, "smtp_code": error.code or -1, "smtp_error": error.text.encode()})


def _made(kind: Any, state: dict[str, Any]) -> MailError:
    made: Any = OSError.__new__(_joined(kind), state["text"])  # the base that lays out the object
    made.__dict__.update(state)
    made.args = (state["text"],)
    result: MailError = made
    return result


@cache
def _joined(kind: type[MailError]) -> Any:
    """Return the class that is both, or None."""
    also = next(smtp for ours, smtp in _ALSO.items() if issubclass(kind, ours))

    def reduced(error: MailError) -> tuple[Any, ...]:
        return _made, (kind, error.__dict__)  # by the class of ours, for nobody can import one that is made here

    body = {"__doc__": kind.__doc__, "__module__": kind.__module__, "__reduce__": reduced}
    try:
        return type(kind.__name__, (kind, also), body)
    except TypeError:  # the interpreter lays out their objects differently
        return None
