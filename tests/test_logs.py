"""What is logged of a send, and how the formatters write it."""

import io
import json
import logging

import pytest

from mailbridge.errors import AuthFailed, ConnectFailed, MessageInvalid
from mailbridge.logs import FIELDS, PREFIX, Redaction, handler, log_attempt, log_failed, log_sent, log_suppressed
from mailbridge.message.message import Message
from mailbridge.receipt import Attempt, Receipt, RecipientStatus, Status

MESSAGE = Message(
    from_="app@example.com",
    to=["ann@example.org", "bob@example.org"],
    subject="Private subject",
    text="Private body",
    message_id="<1@example.com>",
)
WORKED = Attempt(2, "smtp://mail.example.com:587", 1_800_000_000.0, ms=12.34, code=250)
FAILED = Attempt(1, "smtp://mail.example.com:587", 1_800_000_000.0, ms=5.0, error="ConnectFailed", text="Refused.")
RECEIPT = Receipt(
    message_id="<1@example.com>",
    recipients={
        "ann@example.org": RecipientStatus(Status.ACCEPTED, 250),
        "bob@example.org": RecipientStatus(Status.REFUSED, 550, "5.1.1", "no such user"),
    },
    provider="smtp",
    transport="smtp://mail.example.com:587",
    attempts=[FAILED, WORKED],
)


@pytest.fixture
def logger():
    """Give the logger of the package, set to DEBUG, and put it back as it was."""
    logger = logging.getLogger("mailbridge")
    before = logger.level
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.setLevel(before)


@pytest.fixture
def lines(logger, request):
    """Collect what is logged in the form that the test names."""
    stream = io.StringIO()
    added = handler(request.param, stream)
    logger.addHandler(added)
    yield lambda: stream.getvalue().splitlines()
    logger.removeHandler(added)


def facts(record):
    """Return the attributes of ours that say something."""
    return {name: value for name in FIELDS if (value := getattr(record, PREFIX + name)) is not None}


def test_a_sent_message_is_one_info_record(caplog, logger):
    log_sent(MESSAGE, RECEIPT)
    [record] = caplog.records
    assert (record.name, record.levelname) == ("mailbridge.send", "INFO")
    assert facts(record) == {
        "event": "sent",
        "message_id": "<1@example.com>",
        "transport": "smtp://mail.example.com:587",
        "attempt": 2,
        "ms": 17.34,
        "code": 250,
        "recipients": 2,
        "accepted": 1,
    }
    assert record.getMessage() == (
        "Sent <1@example.com> by smtp://mail.example.com:587 in 17.3 ms: 1 of 2 recipients accepted"
    )


def test_a_failed_message_is_one_error_record(caplog, logger):
    error = AuthFailed("Bad password.", code=535, enhanced_code="5.7.8", phase="auth", attempts=[FAILED])
    log_failed(MESSAGE, error)
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert record.getMessage() == "Could not send <1@example.com>: AuthFailed: Bad password."
    assert facts(record) == {
        "event": "failed",
        "message_id": "<1@example.com>",
        "attempt": 1,
        "ms": 5.0,
        "code": 535,
        "enhanced_code": "5.7.8",
        "error": "AuthFailed",
        "phase": "auth",
        "recipients": 2,
        "accepted": 0,
    }


def test_what_is_no_message_at_all_is_logged_too(caplog, logger):
    log_failed("a string", MessageInvalid("Expected a Message, not str."))
    [record] = caplog.records
    assert record.getMessage() == "Could not send a message: MessageInvalid: Expected a Message, not str."
    assert (record.mailbridge_message_id, record.mailbridge_recipients) == (None, 0)


@pytest.mark.parametrize(
    ("attempt", "level", "outcome"), [(WORKED, "DEBUG", "worked"), (FAILED, "WARNING", "failed: Refused.")]
)
def test_an_attempt_is_logged_when_it_is_over(caplog, logger, attempt, level, outcome):
    log_attempt(MESSAGE, attempt._replace(ms=None))
    log_attempt(MESSAGE, attempt)
    [record] = caplog.records
    assert record.levelname == level
    assert record.getMessage().endswith(f"ms and {outcome}")
    assert record.mailbridge_attempt == attempt.number
    assert record.mailbridge_error == (attempt.error or None)


def test_suppressed_recipients_are_counted_and_not_named(caplog, logger):
    log_suppressed(MESSAGE, ["ann@example.org"], "not on the allow-list")
    [record] = caplog.records
    assert facts(record) == {
        "event": "suppressed",
        "message_id": "<1@example.com>",
        "recipients": 1,
        "reason": "not on the allow-list",
    }
    assert "ann@" not in record.getMessage()


def test_nothing_is_made_when_nobody_listens(caplog, logger):
    logger.setLevel(logging.CRITICAL)
    untouchable = object()  # reading any attribute of it would raise
    log_sent(untouchable, untouchable)
    log_failed(untouchable, untouchable)
    log_suppressed(untouchable, untouchable, "")
    log_attempt(untouchable, FAILED)
    assert not caplog.records


def test_every_record_has_every_attribute_so_that_percent_formats_work(caplog, logger):
    log_suppressed(MESSAGE, [], "")
    form = logging.Formatter(" ".join(f"%({PREFIX}{name})s" for name in FIELDS))
    assert form.format(caplog.records[0]).startswith("suppressed <1@example.com> None")


@pytest.mark.parametrize("lines", ["json"], indirect=True)
def test_json_lines_hold_the_facts_under_plain_names(lines):
    log_sent(MESSAGE, RECEIPT)
    row = json.loads(lines()[0])
    assert row.pop("time").endswith("Z")
    assert row == {
        "level": "info",
        "logger": "mailbridge.send",
        "text": "Sent <1@example.com> by smtp://mail.example.com:587 in 17.3 ms: 1 of 2 recipients accepted",
        "event": "sent",
        "message_id": "<1@example.com>",
        "transport": "smtp://mail.example.com:587",
        "attempt": 2,
        "ms": 17.34,
        "code": 250,
        "recipients": 2,
        "accepted": 1,
    }


@pytest.mark.parametrize("lines", ["plain"], indirect=True)
def test_the_plain_form_is_a_sentence(lines, logger):
    logger.warning("%s gives up protection", "smtp://ann:CANARY@mail.example.com")
    assert lines() == ["Warning: smtp://********@mail.example.com gives up protection."]


@pytest.mark.catalogue("A40")
@pytest.mark.parametrize("lines", ["json", "text", "plain"], indirect=True)
def test_hostile_text_stays_on_its_line_and_away_from_the_terminal(lines, logger):
    logger.warning("%s", "550 no\n2026 INFO root: forged\x1b[2J\x7f\u2028\u202e")
    [line] = lines()
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.catalogue("A30")
@pytest.mark.parametrize("lines", ["json", "text"], indirect=True)
def test_credentials_reach_no_line_nor_traceback(lines, logger):
    dsn = "smtp://ann:CANARY@mail.example.com"
    try:
        raise ConnectionError(f"cannot reach {dsn}")
    except ConnectionError:
        logger.exception("while sending by %s", dsn, extra={"mailbridge_transport": dsn})
    written = "\n".join(lines())
    assert "CANARY" not in written
    assert "ConnectionError: cannot reach smtp://********@mail.example.com" in written


@pytest.mark.catalogue("A30")
def test_the_filter_masks_credentials_for_other_formatters(caplog, logger):
    caplog.handler.addFilter(redaction := Redaction())
    try:
        logger.warning("by %s", "smtp://ann:CANARY@mail.example.com")
    finally:
        caplog.handler.removeFilter(redaction)
    assert caplog.messages == ["by smtp://********@mail.example.com"]


@pytest.mark.catalogue("A31")
@pytest.mark.parametrize("lines", ["json"], indirect=True)
def test_neither_subject_nor_body_nor_recipients_are_logged(lines):
    log_attempt(MESSAGE, FAILED)
    log_sent(MESSAGE, RECEIPT)
    log_failed(MESSAGE, ConnectFailed("Refused."))
    log_suppressed(MESSAGE, ["ann@example.org"], "blocked")
    written = "\n".join(lines())
    assert len(lines()) == 4
    assert not any(private in written for private in ("Private", "ann@example.org", "bob@example.org"))
