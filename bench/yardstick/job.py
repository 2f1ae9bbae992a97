"""`Job`: what a contestant is told."""

from __future__ import annotations

from typing import NamedTuple

from .payloads import Payload


class Job(NamedTuple):
    """Where to send and what."""

    port: int
    payload: Payload
    host: str = "127.0.0.1"
