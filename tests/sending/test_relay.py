"""How a policy drives an inner `send_many`: nothing lost, nothing reordered, nothing left open."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.members import FakeTransport, Holding, deliveries, delivery, send_many

from mailbridge.drivers.scripted import ScriptedDriver
from mailbridge.errors import OutcomeUnknown, ServerError, TimedOut
from mailbridge.flow.operations import END, PULL, Close, Emit, Flow, Now, Pull, Read
from mailbridge.receipt import Receipt
from mailbridge.sending.delivery import Delivery, Outcome
from mailbridge.sending.relay import Admission, Run, relay
from mailbridge.sending.transport import Transport


class Watching(Run):
    """Settles what failed as "settled <name>", and refuses the messages named in `unwanted`."""

    def __init__(self, transport: Transport, unwanted: frozenset[str] = frozenset(), limit: int = -1) -> None:
        super().__init__(transport, limit=limit)
        self.unwanted = unwanted

    def admit(self, delivery: Delivery) -> Flow[Admission | None]:
        yield from Now()
        return None if delivery.message.subject in self.unwanted else (delivery, delivery.message.subject)

    def judge(self, delivery: Delivery, note: Any, outcome: Outcome) -> Outcome | None:
        assert note == delivery.message.subject
        return outcome if isinstance(outcome, Receipt) else None

    def settle(self, delivery: Delivery, note: Any, outcome: Outcome | None) -> Flow[Outcome]:
        yield from Now()
        return f"settled {delivery.message.subject}" + ("" if outcome is None else f" {type(outcome).__name__}")


class Policed(Transport):
    """A transport that relays to another one."""

    def __init__(self, begin: Callable[[], Run]) -> None:
        self.begin = begin

    def send_many(self) -> Flow[None]:
        return relay(self.begin)


def relayed(inner: Transport, **options: Any) -> Policed:
    return Policed(lambda: Watching(inner, **options))


def shown(outcomes: list[Any]) -> list[str]:
    return ["ok" if isinstance(each, Receipt) else str(each) for each in outcomes]


def test_a_run_without_trouble_stays_one_pipeline() -> None:
    inner = FakeTransport(ahead=2)
    assert shown(send_many(relayed(inner), deliveries(4))) == ["ok"] * 4
    assert inner.log == "open,pull 0,pull 1,pull 2,emit 0,pull 3,emit 1,emit 2,emit 3,close".split(",")


def test_a_failure_drains_the_pipeline_and_is_settled_in_its_place() -> None:
    inner = FakeTransport(answers=["ok", ServerError("no"), "ok"], ahead=2)
    assert shown(send_many(relayed(inner), deliveries(6))) == ["ok", "settled 1 ServerError", *["ok"] * 4]
    drained = inner.log.index("close")
    assert inner.log[:drained] == "open,pull 0,pull 1,pull 2,emit 0,pull 3,emit 1,emit 2,emit 3".split(",")
    assert inner.log[drained + 1 :][:2] == ["open", "pull 4"]


def test_a_message_that_is_not_admitted_waits_for_those_before_it() -> None:
    inner = FakeTransport(ahead=3)
    outcomes = send_many(relayed(inner, unwanted=frozenset({"2", "5"})), deliveries(6))
    assert shown(outcomes) == ["ok", "ok", "settled 2", "ok", "ok", "settled 5"]
    assert "pull 2" not in inner.log


def test_a_run_ends_at_its_limit() -> None:
    inner = FakeTransport(ahead=5)
    assert shown(send_many(relayed(inner, limit=2), deliveries(5))) == ["ok"] * 5
    assert inner.log.count("open") == 3


def test_nothing_to_send_sends_nothing() -> None:
    inner = FakeTransport()
    assert send_many(relayed(inner), []) == []
    assert inner.log == ["open", "close"]


def test_errors_of_operations_reach_the_inner_flow() -> None:
    class Reader(Transport):
        def send_many(self) -> Flow[None]:
            while (yield PULL) is not END:
                try:
                    yield from Read(None)  # type: ignore[arg-type]
                except TimedOut as error:
                    yield Emit(error)

    outcomes = send_many(relayed(Reader()), [delivery("0")], ScriptedDriver({Read: [TimedOut("late")]}))
    assert outcomes == ["settled 0 TimedOut"]


def test_an_abandoned_relay_closes_the_inner_flow() -> None:
    inner = Holding()
    steps = ScriptedDriver(deliveries=deliveries(1)).steps(relayed(inner).send_many())
    while type(next(steps)) is not Close:
        pass
    steps.close()
    assert inner.events == ["GeneratorExit"]


def test_a_cancellation_thrown_into_the_relay_reaches_the_inner_flow() -> None:
    class Cancelled(BaseException):
        pass

    inner = Holding()
    flow = relayed(inner).send_many()
    op = flow.send(None)
    while type(op) is not Close:
        op = flow.send(delivery() if op is PULL else 0.0)
    with pytest.raises(Cancelled):
        flow.throw(Cancelled())
    assert inner.events == ["Cancelled"]


def test_a_broken_inner_flow_is_not_hidden_and_not_left_open() -> None:
    class Broken(Transport):
        def send_many(self) -> Flow[None]:
            yield PULL
            raise ZeroDivisionError("a fault")

    with pytest.raises(ZeroDivisionError, match="a fault"):
        send_many(relayed(Broken()), deliveries(1))


def test_a_message_without_an_answer_has_an_unknown_fate() -> None:
    class Silent(Transport):
        name = "silent"

        def send_many(self) -> Flow[None]:
            yield PULL

    outcomes = send_many(Policed(lambda: Run(Silent())), deliveries(2))
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown, OutcomeUnknown]
    assert "silent://" in outcomes[0].text


def most_outstanding(driver: ScriptedDriver) -> int:
    """Count how many messages were at most between their Pull and their Emit (END's Pull counts as one)."""
    steps = [1 if isinstance(op, Pull) else -1 for op in driver.performed if isinstance(op, Pull | Emit)]
    return max(accumulate(steps))


@given(
    fail=st.frozensets(st.integers(0, 19)),
    unwanted=st.frozensets(st.integers(0, 19)),
    count=st.integers(0, 20),
    ahead=st.integers(0, 5),
    limit=st.integers(1, 8) | st.just(-1),
)
def test_every_message_has_one_outcome_in_its_place(
    fail: frozenset[int], unwanted: frozenset[int], count: int, ahead: int, limit: int
) -> None:
    def answer(one: Delivery) -> Any:
        return ServerError("no") if int(one.message.subject) in fail else "ok"

    inner = FakeTransport(always=answer, ahead=ahead)
    names = frozenset(map(str, unwanted))
    driver = ScriptedDriver()
    outcomes = send_many(relayed(inner, unwanted=names, limit=limit), deliveries(count), driver)
    expected = [
        f"settled {n}" if n in unwanted else f"settled {n} ServerError" if n in fail else "ok" for n in range(count)
    ]
    assert shown(outcomes) == expected
    assert inner.log.count("open") == inner.log.count("close")
    assert most_outstanding(driver) <= ahead + 2
