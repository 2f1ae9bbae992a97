"""The scripted driver: no socket, no waiting, every operation answered from a script."""

from __future__ import annotations

from typing import Any

import pytest

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import TimedOut
from mailbridge.flow.operations import END, PULL, Block, Connect, Emit, Flow, Now, Read, Sleep, Wall, Write


def test_sleeping_moves_both_clocks_and_takes_no_time() -> None:
    def flow() -> Flow[tuple[float, float]]:
        yield from Sleep(90.0)
        return (yield from Now()), (yield from Wall())

    driver = ScriptedDriver(now=10.0, wall=1000.0)
    assert driver.run(flow()) == (100.0, 1090.0)
    assert driver.slept == [90.0]


def test_pull_answers_the_deliveries_then_end_and_emit_collects() -> None:
    def double() -> Flow[None]:
        while (number := (yield PULL)) is not END:
            yield Emit(number * 2)
        assert (yield PULL) is END

    driver = ScriptedDriver(deliveries=[1, 2])
    driver.run(double())
    assert driver.emitted == [2, 4]
    assert driver.send_many(double(), [3]) == [6]
    assert driver.emitted == [2, 4, 6]


def test_block_calls_the_function_and_its_exception_reaches_the_flow() -> None:
    def flow() -> Flow[str]:
        try:
            yield from Block(int, "x")
        except ValueError:
            return (yield from Block(str.upper, "refused"))
        return ""

    assert ScriptedDriver().run(flow()) == "REFUSED"


def test_scripted_answers_come_in_order_by_kind_and_errors_are_raised() -> None:
    def flow() -> Flow[list[Any]]:
        heard: list[Any] = [(yield from Read(None)), (yield from Read(None))]  # type: ignore[arg-type]
        try:
            yield from Write(None, (b"NOOP\r\n",), 5.0)  # type: ignore[arg-type]
        except TimedOut as error:
            heard.append(error.text)
        return heard

    driver = ScriptedDriver({Read: [b"a", b"b"], Write: lambda op: TimedOut(f"{op.timeout} s")})
    assert driver.run(flow()) == [b"a", b"b", "5.0 s"]
    assert driver.count(Read) == 2


def test_the_script_goes_before_the_built_in_answers() -> None:
    def flow() -> Flow[float]:
        return (yield from Now())

    assert ScriptedDriver({Now: [7.0]}).run(flow()) == 7.0


@pytest.mark.parametrize(
    ("script", "words"), [({}, "has no answer for Read"), ({Read: []}, "has no further answer for Read")]
)
def test_an_operation_without_an_answer_is_named(script: Any, words: str) -> None:
    def flow() -> Flow[bytes]:
        return (yield from Read(None))  # type: ignore[arg-type]

    with pytest.raises(AssertionError, match=words):
        ScriptedDriver(script).run(flow())


def test_two_flows_can_take_turns() -> None:
    order: list[str] = []

    def flow(name: str) -> Flow[str]:
        for step in "12":
            order.append(name + step)
            yield from Now()
        return name

    driver = ScriptedDriver()
    first, second = driver.steps(flow("a")), driver.steps(flow("b"))
    for _ in range(2):
        next(first)
        next(second)
    assert order == ["a1", "b1", "a2", "b2"]
    with pytest.raises(StopIteration) as end:
        next(first)
    assert end.value.value == "a"


def test_closing_the_steps_abandons_the_flow() -> None:
    seen: list[type[BaseException]] = []

    def flow() -> Flow[None]:
        try:
            yield from Connect("mail.example.com", 25, timeout=1.0)
        except BaseException as error:
            seen.append(type(error))
            raise

    steps = ScriptedDriver().steps(flow())
    next(steps)
    steps.close()
    assert seen == [GeneratorExit]
