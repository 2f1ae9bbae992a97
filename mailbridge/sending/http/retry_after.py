"""How long a server asks us to wait (RFC 9110 section 10.2.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from mailbridge.flow.http import HttpResponse

LONGEST = 6 * 3600.0
"""Seconds; a server that asks for more, or for nonsense, gets this."""

_SECONDS = re.compile(r"-?\d{1,18}(?:\.\d{0,9})?(?:[eE]\d{1,2})?", re.ASCII).fullmatch
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# RFC 9110 section 5.6.7: IMF-fixdate, and the two obsolete forms that a recipient has to read as well.
_DATES = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII).fullmatch
    for form in (
        r"\w{3}, (?P<day>\d\d) (?P<month>\w{3}) (?P<year>\d{4}) (?P<time>\d\d:\d\d:\d\d) GMT",
        r"\w{6,9}, (?P<day>\d\d)-(?P<month>\w{3})-(?P<year>\d\d) (?P<time>\d\d:\d\d:\d\d) GMT",
        r"\w{3} (?P<month>\w{3}) (?P<day>[ \d]\d) (?P<time>\d\d:\d\d:\d\d) (?P<year>\d{4})",
    )
)


def retry_after(response: HttpResponse, now: float) -> float | None:
    """Return the seconds that the Retry-After header asks for, from 0 to 6 hours, or None without a usable one.

    `now` is in seconds since 1970; the server's own Date is preferred, so that a wrong clock does not
    matter. Of several headers the longest wait counts.
    """
    waits = [_wait(value.strip(), response, now) for value in response.headers_named("retry-after")]
    return max((wait for wait in waits if wait is not None), default=None)


def _wait(value: str, response: HttpResponse, now: float) -> float | None:
    if _SECONDS(value):
        return min(max(float(value), 0.0), LONGEST)
    until = timestamp(value)
    if until is None:
        return None
    said = timestamp((response.header("date") or "").strip())
    return min(max(until - (now if said is None else said), 0.0), LONGEST)


def timestamp(value: str) -> float | None:
    """Return an HTTP date in seconds since 1970, or None if it is none."""
    for form in _DATES:
        if (found := form(value)) is not None:
            return _seconds(found["year"], found["month"], found["day"], found["time"])
    return None


def _seconds(year: str, month: str, day: str, time: str) -> float | None:
    whole = int(year)
    if len(year) == 2:  # a date that seems more than 50 years ahead is one of the last century
        whole += 2000 if whole < 70 else 1900
    hour, minute, second = map(int, time.split(":"))
    try:
        moment = datetime(whole, _MONTHS.index(month.lower()) + 1, int(day), hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    return moment.timestamp()
