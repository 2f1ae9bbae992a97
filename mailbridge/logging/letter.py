"""`Letter`: subject and text of the mail about a log record, or about several."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from mailbridge.escapes import visible
from mailbridge.logging.repetition import Digest

_LONGEST_LINE = 200  # characters of a subject
_LONGEST_TEXT = 100_000  # characters of each part of a text

Redact = Callable[[str], str]


class Letter(NamedTuple):
    """What a mail says."""

    subject: str
    text: str


def summary_of(record: logging.LogRecord, redact: Redact) -> str:
    """Return a record in one line: level, first line of the message, the exception's name."""
    said, _, rest = redact(record.getMessage()).strip().partition("\n")
    raised = record.exc_info and record.exc_info[0]
    line = f"{record.levelname}: {said}{' …' if rest else ''}{f' ({raised.__name__})' if raised else ''}"
    return visible(line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 2]} …")


def of_record(
    record: logging.LogRecord,
    summary: str,
    *,
    prefix: str,
    redact: Redact,
    details: Mapping[str, str],
    formatter: logging.Formatter | None,
) -> Letter:
    """Return the letter about one record; `formatter` writes its main part, if there is one."""
    if formatter is not None:
        parts = [formatter.format(record)]
    else:
        parts = [record.getMessage(), _place(record), *_traces(record)]
    if details:
        parts.append("\n".join(f"{name}: {' '.join(value.split())}" for name, value in details.items()))
    return _letter(prefix, summary, [_cut(redact(part.strip("\n"))) for part in parts])


def of_digest(digest: Digest, *, prefix: str) -> Letter:
    """Return the letter about records that were only counted."""
    if len(digest.more) == 1 and not digest.others:
        summary = f"{digest.total} more like {next(iter(digest.more))}"
    else:
        summary = f"{digest.total} more log records"
    rows = [f"{number} more like {each}" for each, number in digest.more.items()]
    if digest.others:
        rows.append(f"{digest.others} of other kinds, beyond the number of mails that is allowed in this time")
    return _letter(prefix, summary, [f"In {span(digest.seconds)}, besides those that were mailed:", "\n".join(rows)])


def span(seconds: float) -> str:
    """Say a time as a person would.

    >>> span(600), span(90), span(1)
    ('10 minutes', '90 seconds', '1 second')
    """
    number, unit = (seconds / 60, "minute") if seconds >= 120 else (seconds, "second")
    return f"{number:.0f} {unit}{'' if round(number) == 1 else 's'}"


def _letter(prefix: str, summary: str, parts: list[str]) -> Letter:
    subject = f"[{visible(prefix)}] {summary}" if prefix else summary
    return Letter(subject, visible("\n\n".join(parts), keep="\n\t") + "\n")


def _place(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    where = f"on {socket.gethostname()}, process {record.process}, thread {record.threadName}"
    return (
        f"{record.levelname} of {record.name}, {record.pathname}:{record.lineno} in {record.funcName}\n"
        f"{moment:%Y-%m-%d %H:%M:%S} UTC {where}"
    )


def _traces(record: logging.LogRecord) -> list[str]:
    found = []
    if record.exc_info and record.exc_info[0] is not None:
        found.append(logging.Formatter().formatException(record.exc_info))
    elif record.exc_text:  # of a record that came from another process
        found.append(record.exc_text)
    if record.stack_info:
        found.append(record.stack_info)
    return found


def _cut(text: str) -> str:
    """Leave out the middle of what is too long: a traceback says most at its ends."""
    if len(text) <= _LONGEST_TEXT:
        return text
    half = _LONGEST_TEXT // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
