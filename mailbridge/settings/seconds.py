"""`Seconds`: a time in a setting, as a number of seconds or with a unit."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

_SPAN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*").fullmatch
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: Any) -> Any:
    """Turn a text with a unit into seconds; leave anything else to the type that follows.

    >>> seconds("2m"), seconds("250ms"), seconds("90")
    (120.0, 0.25, '90')
    """
    found = _SPAN(value) if isinstance(value, str) else None
    return float(found[1]) * _UNITS[found[2]] if found else value


Seconds = Annotated[float, BeforeValidator(seconds)]
"""Seconds as a float; `90`, `90s`, `1.5m`, `2h`, `1d` and `250ms` are read."""
