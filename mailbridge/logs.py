"""What mailbridge says on the standard `logging` tree, and formatters that say it safely.

Four records on the logger `mailbridge.send`, each a sentence whose facts are attributes as well
(docs/reference/logging.md). No subject, body or recipient of a message is logged; a server's words
are, masked.

    attempt     DEBUG when it worked, WARNING when it did not
    sent        INFO, once a message
    failed      ERROR, once a message, after the last attempt
    suppressed  INFO
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sized
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TextIO

from mailbridge.errors import MailError
from mailbridge.escapes import visible
from mailbridge.redaction import mask

if TYPE_CHECKING:
    from mailbridge.message.message import Message
    from mailbridge.receipt import Attempt, Receipt

PREFIX = "mailbridge_"
"""What every attribute of ours on a LogRecord begins with, so that it collides with no other."""

FIELDS = (
    "event", "message_id", "transport", "attempt", "ms", "code", "enhanced_code",
    "error", "phase", "recipients", "accepted", "reason",
)  # fmt: skip
"""The attributes, without prefix. Every record has all of them; what does not apply is None."""

_ABSENT: dict[str, Any] = {PREFIX + name: None for name in FIELDS}
_send = logging.getLogger("mailbridge.send")

# A library stays silent until the application asks: without a handler of its own, Python would
# print our warnings to stderr.
logging.getLogger("mailbridge").addHandler(logging.NullHandler())


def log_outcome(message: Message, outcome: Receipt | MailError) -> None:
    """Record what became of a message, and every attempt at it."""
    if isinstance(outcome, MailError):
        for attempt in outcome.attempts:
            log_attempt(message, attempt)
        log_failed(message, outcome)
    elif len(outcome.attempts) > 1 or _send.isEnabledFor(logging.INFO):
        for attempt in outcome.attempts:
            log_attempt(message, attempt)
        log_sent(message, outcome)


def log_attempt(message: Message, attempt: Attempt) -> None:
    """Record one finished attempt; one that has only begun says nothing yet."""
    level = logging.WARNING if attempt.error else logging.DEBUG
    if attempt.ms is None or not _send.isEnabledFor(level):
        return
    facts = _facts(
        event="attempt",
        message_id=message.message_id,
        transport=attempt.transport,
        attempt=attempt.number,
        ms=attempt.ms,
        code=attempt.code,
        error=attempt.error or None,
    )
    outcome = f"failed: {attempt.text}" if attempt.error else "worked"
    said = (attempt.number, message.message_id, attempt.transport, attempt.ms, outcome)
    _send.log(level, "Attempt %d of %s by %s took %.1f ms and %s", *said, extra=facts)


def log_sent(message: Message, receipt: Receipt) -> None:
    """Record that a transport took a message for at least one recipient."""
    if not _send.isEnabledFor(logging.INFO):
        return
    total, accepted, ms = len(receipt.recipients), len(receipt.accepted), _duration(receipt.attempts)
    facts = _facts(
        event="sent",
        message_id=message.message_id,
        transport=receipt.transport,
        attempt=len(receipt.attempts) or None,
        ms=ms,
        code=receipt.attempts[-1].code if receipt.attempts else None,
        recipients=total,
        accepted=accepted,
    )
    said = (message.message_id, receipt.transport, ms or 0.0, accepted, total)
    _send.info("Sent %s by %s in %.1f ms: %d of %d recipients accepted", *said, extra=facts)


def log_failed(message: Message, error: MailError) -> None:
    """Record that a message was not sent, after the last attempt."""
    if not _send.isEnabledFor(logging.ERROR):
        return
    kind = type(error).__name__
    # A message that was refused early has no id yet, or is no Message at all.
    message_id = getattr(message, "message_id", None)
    facts = _facts(
        event="failed",
        message_id=message_id,
        transport=error.transport or None,
        attempt=len(error.attempts) or None,
        ms=_duration(error.attempts),
        code=error.code,
        enhanced_code=error.enhanced_code or None,
        error=kind,
        phase=error.phase or None,
        recipients=len(getattr(message, "recipients", ())),
        accepted=0,
    )
    _send.error("Could not send %s: %s: %s", message_id or "a message", kind, error.text, extra=facts)


def log_suppressed(message: Message, recipients: Sized, reason: str) -> None:
    """Record that recipients were left out on purpose."""
    if not _send.isEnabledFor(logging.INFO):
        return
    facts = _facts(event="suppressed", message_id=message.message_id, recipients=len(recipients), reason=reason)
    _send.info("Left out %d recipients of %s: %s", len(recipients), message.message_id, reason, extra=facts)


def _facts(**facts: object) -> dict[str, Any]:
    return _ABSENT | {PREFIX + name: value for name, value in facts.items()}


def _duration(attempts: Iterable[Attempt]) -> float | None:
    spans = [attempt.ms for attempt in attempts if attempt.ms is not None]
    return round(sum(spans), 3) if spans else None


class Redaction(logging.Filter):
    """Mask credentials in a record's sentence; for handlers whose formatter is not one of ours.

    Put it on the handler (`"filters": ["redaction"]`): a filter on a logger does not see what its
    children log.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record and let it pass."""
        record.msg, record.args = mask(record.getMessage()), None
        return True


class TextFormatter(logging.Formatter):
    """One line a record, for people: time, level, logger, sentence; a traceback follows indented."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line without control characters or credentials."""
        said = f"{_time(record)} {record.levelname:<7} {record.name}: {visible(mask(record.getMessage()))}"
        trouble = _traceback(self, record)
        return said + "".join(f"\n    {visible(line)}" for line in trouble.splitlines())


class PlainFormatter(logging.Formatter):
    """One sentence a record, `Warning: …`, for people who did not ask for a log."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line without control characters or credentials."""
        said = f"{record.levelname.capitalize()}: {visible(mask(record.getMessage()))}"
        return said if said.endswith((".", "!", "?")) else f"{said}."


class JsonFormatter(logging.Formatter):
    """One JSON object a line, in ASCII, so that no text can forge a line or reach a terminal.

    Keys: `time` (ISO 8601, UTC), `level`, `logger`, `text`, then those of `FIELDS` that apply, then
    `traceback`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON, credentials masked."""
        row: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": mask(record.getMessage()),
        }
        for name in FIELDS:
            if (value := getattr(record, PREFIX + name, None)) is not None:
                row[name] = mask(value) if isinstance(value, str) else value
        if trouble := _traceback(self, record):
            row["traceback"] = trouble
        # The one control character that json.dumps leaves alone in ASCII.
        return json.dumps(row, default=str).replace("\x7f", "\\u007f")


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return mask(formatter.formatException(record.exc_info)) if record.exc_info else ""


_FORMATTERS = {"text": TextFormatter, "json": JsonFormatter, "plain": PlainFormatter}


def handler(form: Literal["text", "json", "plain"], stream: TextIO | None = None) -> logging.Handler:
    """Return a handler that writes lines of this form to `stream` (stderr by default).

    >>> logging.getLogger("mailbridge").addHandler(handler("json"))
    """
    made: logging.Handler = logging.StreamHandler(stream)
    made.setFormatter(_FORMATTERS[form]())
    return made
