"""The time that policies see in a mailbox: what they wait for passes at once, and the test does not wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from mailbridge.flow.operations import Flow, Now, Sleep, Wall

__all__ = ["Clock", "Pause", "hurried"]

T = TypeVar("T")


class Pause(Sleep):
    """A wait that is to be felt."""

    __slots__ = ()


class Clock:
    """How far the clock that policies see is ahead of the real one, in seconds."""

    def __init__(self) -> None:
        self.ahead = 0.0


def hurried(flow: Flow[T], clock: Clock) -> Flow[T]:
    """Perform a flow whose waits move the clock on that it reads; only a `Pause` is waited for."""
    resume: Callable[[Any], Any] = flow.send
    answer: Any = None
    try:
        while True:
            try:
                op = resume(answer)
            except StopIteration as stop:
                result: T = stop.value
                return result
            resume, answer = flow.send, None
            kind = type(op)
            if kind is Sleep:
                clock.ahead += op.seconds
                continue
            try:
                answer = yield Sleep(op.seconds) if kind is Pause else op
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001  a cancellation too is the inner flow's to see
                resume, answer = flow.throw, error
            else:
                if kind is Now or kind is Wall:
                    answer += clock.ahead
    finally:
        flow.close()
