"""Errors are caught by the names of mailbridge and by those of smtplib."""

from __future__ import annotations

import copy
import pickle
import smtplib
from collections.abc import Iterator

import pytest

from mailbridge import (
    AuthFailed,
    ConnectFailed,
    ContentRefused,
    MailError,
    OutcomeUnknown,
    RecipientDeferred,
    RecipientRefused,
    SenderRefused,
    ServerError,
    TimedOut,
    Unsupported,
)
from mailbridge.errors import VariableUndefined
from mailbridge_flask.flask_mail.failures import as_smtplib, smtplib_too


def descendants(kind: type[MailError]) -> Iterator[type[MailError]]:
    yield kind
    for each in kind.__subclasses__():
        if each.__module__ == "mailbridge.errors" and not issubclass(each, smtplib.SMTPException):
            yield from descendants(each)


KINDS = sorted(set(descendants(MailError)) - {VariableUndefined}, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_what_it_was_and_an_exception_of_smtplib(kind: type[MailError]) -> None:
    plain = kind("It failed.", code=554, enhanced_code="5.7.1", recipients=["ann@example.org"], hints=["Try again."])
    error = as_smtplib(plain)
    assert isinstance(error, kind)
    assert isinstance(error, smtplib.SMTPException)
    assert (str(error), error.code, error.recipients) == (str(plain), 554, plain.recipients)
    assert type(error).__name__ == kind.__name__
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 (our own)
        assert type(again) is type(error)
        assert (str(again), again.enhanced_code) == (str(error), "5.7.1")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (AuthFailed, "SMTPAuthenticationError"),
        (RecipientRefused, "SMTPRecipientsRefused"),
        (RecipientDeferred, "SMTPRecipientsRefused"),
        (SenderRefused, "SMTPSenderRefused"),
        (ContentRefused, "SMTPDataError"),
        (ServerError, "SMTPResponseException"),
        (Unsupported, "SMTPNotSupportedError"),
        (ConnectFailed, "SMTPServerDisconnected"),
        (OutcomeUnknown, "SMTPServerDisconnected"),
    ],
)
def test_an_error_is_the_one_that_smtplib_would_have_raised(kind: type[MailError], name: str) -> None:
    error = as_smtplib(kind("It failed.", code=550))
    assert isinstance(error, getattr(smtplib, name))
    assert vars(error)["smtp_code"] == 550


def test_an_error_of_a_plugin_is_one_too() -> None:
    class Throttled(ServerError):
        """The service is busy."""

    assert isinstance(as_smtplib(Throttled("Busy.")), Throttled)


def test_an_error_that_python_cannot_join_stays_as_it_is() -> None:
    error = VariableUndefined("There is no name.")
    assert as_smtplib(error) is error


def test_a_block_passes_on_causes_and_other_errors() -> None:
    cause = OSError("gone")
    with pytest.raises(smtplib.SMTPException) as caught, smtplib_too():
        raise TimedOut("Too late.") from cause
    assert caught.value.__cause__ is cause
    with pytest.raises(KeyError), smtplib_too():
        raise KeyError("other")
