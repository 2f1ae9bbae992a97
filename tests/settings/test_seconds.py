"""Times in settings: a number of seconds, or a number with a unit."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from mailbridge.settings.seconds import Seconds

read = TypeAdapter(Seconds).validate_python


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 90.0),
        (90, 90.0),
        (1.5, 1.5),
        ("250ms", 0.25),
        ("90s", 90.0),
        ("1.5m", 90.0),
        (" 2 h ", 7200.0),
        ("1d", 86400.0),
    ],
)
def test_a_time_is_read(text: object, expected: float) -> None:
    assert read(text) == expected


@pytest.mark.parametrize("text", ["", "m", "2 weeks", "1h30m", "-2m", "two", None])
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(ValidationError):
        read(text)
