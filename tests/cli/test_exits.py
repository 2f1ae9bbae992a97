"""Exit codes: what a script may conclude."""

import pytest

from mailbridge import errors
from mailbridge.cli.exits import Exit, exit_code, worst
from mailbridge.receipt import Receipt, RecipientStatus, Status

CODES = {
    errors.MessageInvalid: 1,
    errors.Unsupported: 1,
    errors.RecipientRefused: 1,
    errors.SenderRefused: 1,
    errors.ContentRefused: 1,
    errors.MailError: 1,
    errors.TemplateError: 1,
    errors.TemplateMissing: 1,
    errors.TemplateBroken: 1,
    errors.VariableUndefined: 1,
    errors.UnownedSend: 1,
    errors.ConfigError: 3,
    errors.AuthFailed: 3,
    errors.TlsMisconfigured: 3,
    errors.RecipientDeferred: 4,
    errors.RateLimited: 4,
    errors.ConnectFailed: 4,
    errors.TlsFailed: 4,
    errors.TimedOut: 4,
    errors.ServerError: 4,
    errors.ProtocolError: 4,
    errors.OutcomeUnknown: 5,
}


def receipt(*statuses):
    rows = {f"r{number}@example.org": RecipientStatus(status) for number, status in enumerate(statuses)}
    return Receipt(message_id="<1@example.com>", recipients=rows)


@pytest.mark.parametrize(("kind", "code"), CODES.items(), ids=lambda value: getattr(value, "__name__", None))
def test_each_error_has_its_code(kind, code):
    assert exit_code(kind("It is so.")) == code


def test_no_error_is_without_a_code():
    assert {getattr(errors, name) for name in errors.__all__} == set(CODES)


def test_a_receipt_is_ok_only_when_everybody_was_accepted():
    assert exit_code(receipt(Status.ACCEPTED, Status.ACCEPTED)) == 0
    assert exit_code(receipt(Status.QUEUED)) == 0
    assert exit_code(receipt(Status.ACCEPTED, Status.REFUSED)) == 6
    assert exit_code(receipt(Status.SUPPRESSED)) == 6


def test_many_end_with_the_code_that_most_needs_a_person():
    assert worst([]) == 0
    assert worst([Exit.OK, Exit.PARTLY]) == Exit.PARTLY
    assert worst([Exit.PARTLY, Exit.TEMPORARY]) == Exit.TEMPORARY
    assert worst([Exit.TEMPORARY, Exit.FAILED]) == Exit.FAILED
    assert worst([Exit.FAILED, Exit.CONFIG]) == Exit.CONFIG
    assert worst([Exit.CONFIG, Exit.UNKNOWN, Exit.OK]) == Exit.UNKNOWN
