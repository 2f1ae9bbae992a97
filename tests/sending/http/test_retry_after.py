"""How long a server asks to wait, in every form it may say so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.flow.http import HttpResponse
from mailbridge.sending.http.retry_after import LONGEST, retry_after, timestamp

NOW = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110
pytestmark = pytest.mark.catalogue("H18")


def waits(*values: str, date: str | None = None) -> float | None:
    headers = [("Retry-After", value) for value in values] + ([("Date", date)] if date else [])
    return retry_after(HttpResponse(429, headers), NOW)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-1", 0.0),
        ("1e12", LONGEST),
        ("1e99", LONGEST),
        ("999999999999999999", LONGEST),
        ("Sun, 06 Nov 1994 08:51:37 GMT", 120.0),
        ("Sunday, 06-Nov-94 08:51:37 GMT", 120.0),
        ("Sun Nov  6 08:51:37 1994", 120.0),
        ("sun, 06 nov 1994 08:51:37 gmt", 120.0),
        ("Sun, 06 Nov 1994 08:49:00 GMT", 0.0),
        ("Sun, 06 Nov 2094 08:49:00 GMT", LONGEST),
        ("Sun, 06 Nov 1994 08:49:60 GMT", 22.0),
        ("", None),
        ("soon", None),
        ("120 seconds", None),
        ("inf", None),
        ("nan", None),
        ("1_000", None),
        ("٣", None),
        ("0x10", None),
        ("Sun, 32 Nov 1994 08:51:37 GMT", None),
        ("Sun, 06 Foo 1994 08:51:37 GMT", None),
        ("Sun, 06 Nov 1994 25:51:37 GMT", None),
        ("Sun, 06 Nov 0000 08:51:37 GMT", None),
        ("Sun, 06 Nov 1994 08:51:37 +0100", None),
    ],
)
def test_a_wait_is_read_or_cut_to_what_is_sensible(value: str, seconds: float | None) -> None:
    assert waits(value) == seconds


def test_without_the_header_nothing_is_known() -> None:
    assert waits() is None


@pytest.mark.parametrize(
    ("values", "seconds"), [(("5", "7"), 7.0), (("7", "5"), 7.0), (("x", "5"), 5.0), (("x", "y"), None)]
)
def test_of_two_headers_the_longer_wait_counts(values: tuple[str, ...], seconds: float | None) -> None:
    assert waits(*values) == seconds


def test_a_date_counts_from_the_servers_own_clock() -> None:
    value = "Sun, 06 Nov 1994 12:01:00 GMT"
    assert waits(value, date="Sun, 06 Nov 1994 12:00:00 GMT") == 60.0
    assert waits(value, date="nonsense") == 11_483.0


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))
def test_every_date_in_the_usual_form_is_read(moment: datetime) -> None:
    exact = moment.replace(microsecond=0, tzinfo=UTC)
    assert timestamp(format_datetime(exact, usegmt=True)) == exact.timestamp()


@given(st.text(), st.text())
def test_no_header_makes_it_fail(value: str, date: str) -> None:
    found = waits(value, date=date)
    assert found is None or 0 <= found <= LONGEST


@given(st.integers(-(10**6), 10**6))
def test_dates_and_seconds_agree(seconds: int) -> None:
    then = format_datetime(datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=seconds), usegmt=True)
    assert waits(then) == waits(str(seconds))
