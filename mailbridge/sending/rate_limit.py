"""`RateLimit`: no more messages in a time than agreed."""

from __future__ import annotations

import re
from typing import Self

from mailbridge.errors import ConfigError, RateLimited
from mailbridge.flow.operations import Flow, Now, Sleep
from mailbridge.receipt import Receipt
from mailbridge.sending.bucket import Bucket
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.policy import Policy
from mailbridge.sending.relay import Admission, Run, answer_of, relay
from mailbridge.sending.transport import Transport

IN_PLACE = 1.0
"""Seconds. For a longer wait the pipeline is emptied first: a server drops who stops in mid-message."""

_NOW = Now()
_RATE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*([smhd])\s*").fullmatch
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class RateLimit(Policy):
    """Sends no faster than `rate`; the time to send is reserved before the send, once.

    All threads and event loops that share this object share the rate; other processes do not.

    Args:
        inner: the transport to slow down.
        rate: such as `10/s`, `300/m`, `1000/h`, `5000/d`.
        burst: how many may go at once after a pause; by default what 50 ms allow, and at least one.
        max_wait: seconds. A message that would have to wait longer is refused with RateLimited, whose
            `retry_after` says how long.

    >>> from mailbridge.extend import RateLimit, Transport
    >>> RateLimit(Transport(), rate="300/m").rate
    5.0
    """

    name = "ratelimit"

    def __init__(self, inner: Transport, *, rate: str, burst: int | None = None, max_wait: float = 60.0) -> None:
        super().__init__(inner)
        self.rate = per_second(rate)
        self.max_wait = max_wait
        self._said = rate.strip()
        if burst is not None and burst < 1:
            raise ConfigError(f"{self.name}: burst must be at least 1, not {burst}.")
        # 50 ms keep a rolling second within 5 % of the rate, and make up for sleeps that last too long.
        self.bucket = Bucket(self.rate, burst or max(1, int(self.rate * 0.05)))

    def send(self, delivery: Delivery) -> Flow[Receipt]:
        """Deliver one message when its time has come; raise RateLimited if that is too far away."""
        yield from self._turn(delivery)
        return (yield from self.members[0].send(delivery))

    def send_many(self) -> Flow[None]:
        """Deliver what is pulled, each message when its time has come."""
        return relay(lambda: _Run(self))

    def over(self, *members: Transport) -> Self:
        """Return the same policy over another transport, with a rate of its own."""
        made = super().over(*members)
        made.bucket = self.bucket.fresh()
        return made

    def _turn(self, delivery: Delivery) -> Flow[None]:
        now = yield from Now()
        pause = self.bucket.reserve(now, self.max_wait)
        if pause is None:
            raise self._refusal(self.bucket.wait(now), delivery)
        if pause:
            yield from Sleep(pause)

    def _refusal(self, wait: float, delivery: Delivery) -> RateLimited:
        return RateLimited(
            f"The limit of {self._said} for {self.members[0]} is used up for the next {wait:.0f} s, "
            f"longer than max_wait ({self.max_wait:g} s).",
            hints=("Send later, raise max_wait, or queue the message.",),
            retry_after=wait,
            transport=str(self),
            attempts=delivery.attempts,
        )


def per_second(rate: str) -> float:
    """Read a rate such as `300/m` and return messages a second; raise ConfigError.

    >>> per_second("300/m")
    5.0
    """
    found = _RATE(rate)
    if found is None or not float(found[1]):
        raise ConfigError(
            f"ratelimit: rate {rate!r} is not a number of messages in a time.",
            hints=("Write it as 10/s, 300/m, 1000/h or 5000/d.",),
        )
    return float(found[1]) / _SECONDS[found[2]]


class _Run(Run):
    """A run that goes on while no message has to wait long."""

    __slots__ = ("policy",)

    def __init__(self, policy: RateLimit) -> None:
        super().__init__(policy.members[0])
        self.policy = policy

    def admit(self, delivery: Delivery) -> Flow[Admission | None]:
        pause = self.policy.bucket.reserve((yield _NOW), min(IN_PLACE, self.policy.max_wait))
        if pause is None:
            return None
        if pause:
            yield from Sleep(pause)
        return delivery, None

    def settle(self, delivery: Delivery, note: object, outcome: Outcome | None) -> Flow[Outcome]:
        return (yield from answer_of(self.policy, delivery))
