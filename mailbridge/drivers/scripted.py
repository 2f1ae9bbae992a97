"""`ScriptedDriver`: performs flows without I/O, for tests: a virtual clock and answers from a script."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from mailbridge.flow.operations import END, Block, Clock, Emit, Flow, Now, Op, Pull, Ready, Sleep, Wall

__all__ = ["ScriptedDriver"]

T = TypeVar("T")

Answers = Callable[[Any], Any] | Iterable[Any]


class ScriptedDriver:
    """Performs a flow's operations without sockets and without waiting.

    `Sleep` moves a virtual clock that `Now` and `Wall` read, `Block` calls its function, `Pull` takes
    from `deliveries`, `Emit` adds to `emitted`. Every other kind of operation is answered by the
    script: for each class either a function of the operation, or one answer after the other. An
    answer that is an exception is raised in the flow.

    Args:
        script: answers by class of operation; they go before the built-in ones.
        deliveries: what `Pull` answers, then END.
        now: the monotonic clock at the start, in seconds.
        wall: the wall clock at the start, in seconds since 1970 UTC.

    >>> from mailbridge.flow.operations import Now, Sleep
    >>> def nap():
    ...     yield from Sleep(60.0)
    ...     return (yield from Now())
    >>> ScriptedDriver().run(nap())
    60.0
    """

    def __init__(
        self,
        script: Mapping[type[Op[Any]], Answers] | None = None,
        *,
        deliveries: Iterable[Any] = (),
        now: float = 0.0,
        wall: float = 1_700_000_000.0,
    ) -> None:
        self.now = now
        self.wall = wall
        self.performed: list[Op[Any]] = []
        self.emitted: list[Any] = []
        self._deliveries = iter(deliveries)
        self._script = {
            kind: answers if callable(answers) else _in_order(iter(answers)) for kind, answers in (script or {}).items()
        }

    @property
    def slept(self) -> list[float]:
        """How long each `Sleep` was, in seconds."""
        return [op.seconds for op in self.performed if isinstance(op, Sleep)]

    def count(self, kind: type[Op[Any]]) -> int:
        """Count the operations of this class that were performed."""
        return sum(isinstance(op, kind) for op in self.performed)

    def run(self, flow: Flow[T]) -> T:
        """Perform `flow` to its end and return its result; raise what it raises."""
        stepping = self.steps(flow)
        while True:
            try:
                next(stepping)
            except StopIteration as stop:
                result: T = stop.value
                return result

    def steps(self, flow: Flow[T]) -> Generator[Op[Any], None, T]:
        """Perform `flow`, pausing before each operation, so that a test can run several flows in turns.

        Closing this generator abandons the flow, as a driver does with a cancelled one.
        """
        resume: Callable[[Any], Op[Any]] = flow.send
        answer: Any = None
        try:
            while True:
                try:
                    op = resume(answer)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                yield op
                try:
                    answer = self.perform(op)
                    resume = flow.send
                except Exception as error:  # noqa: BLE001  whatever an operation raises belongs to the flow
                    answer = error
                    resume = flow.throw
        finally:
            flow.close()

    def send_many(self, flow: Flow[None], deliveries: Iterable[Any]) -> list[Any]:
        """Perform a transport's `send_many` flow over `deliveries` and return the outcomes, in order."""
        self._deliveries = iter(deliveries)
        begin = len(self.emitted)
        self.run(flow)
        return self.emitted[begin:]

    def perform(self, op: Op[Any]) -> Any:
        """Answer one operation, or raise what the script says."""
        self.performed.append(op)
        if (scripted := self._script.get(type(op))) is not None:
            answer = scripted(op)
            if isinstance(answer, BaseException):
                raise answer
            return answer
        if (builtin := _BUILT_IN.get(type(op))) is None:
            raise AssertionError(f"The script has no answer for {type(op).__name__}.")
        return builtin(self, op)

    def _sleep(self, op: Sleep) -> None:
        self.now += op.seconds
        self.wall += op.seconds

    def _pull(self, _: Pull) -> Any:
        return next(self._deliveries, END)

    def _emit(self, op: Emit) -> None:
        self.emitted.append(op.outcome)


_BUILT_IN: dict[type[Op[Any]], Callable[[ScriptedDriver, Any], Any]] = {
    Block: lambda _, op: op.function(*op.args),
    Clock: lambda driver, _: lambda: driver.now,
    Emit: ScriptedDriver._emit,
    Now: lambda driver, _: driver.now,
    Pull: ScriptedDriver._pull,
    Ready: lambda _, __: lambda: True,
    Sleep: ScriptedDriver._sleep,
    Wall: lambda driver, _: driver.wall,
}


def _in_order(answers: Iterator[Any]) -> Callable[[Any], Any]:
    def answer(op: Op[Any]) -> Any:
        try:
            return next(answers)
        except StopIteration:
            raise AssertionError(f"The script has no further answer for {type(op).__name__}.") from None

    return answer
