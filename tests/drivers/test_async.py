"""The asynchronous driver: cancelling, leaving, several event loops, sources of both kinds."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from itertools import count
from typing import Any

import pytest
from support.peer import Peer, Session, delay, drop, proceed, stall, when
from support.trial import message, numbered

from mailbridge.drivers.async_ import AsyncDriver
from mailbridge.errors import MailError, OutcomeUnknown
from mailbridge.flow.operations import Await, Block, Flow, Now, Sleep, Wall
from mailbridge.hooks import hookimpl
from mailbridge.mailer import Mailer
from mailbridge.message.message import Message
from mailbridge.receipt import Attempt, Receipt

Start = Callable[..., Peer]

DIALOGUES = ["", "CHUNKING", "CHUNKING PIPELINING"]


def alone() -> set[asyncio.Task[Any]]:
    """Return the tasks besides this one."""
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]


def reached(session: Session, step: str) -> bool:
    return step == "CONNECT" or step in session.verbs or (step == "." and bool(session.messages))


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what happens in the peer's thread."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("did not happen")


async def settled(peer: Peer) -> None:
    """Wait until every connection is closed."""
    await until(lambda: all(not session.open for session in peer.sessions))


def test_plain_operations_are_performed() -> None:
    async def later() -> str:
        await asyncio.sleep(0)
        return "awaited"

    def work() -> Flow[Any]:
        begun = yield from Now()
        yield from Sleep(0.02)
        return (
            (yield from Now()) - begun,
            (yield from Wall()) > 1e9,
            (yield from Block(lambda a: a * 2, 21)),
            (yield from Await(later(), "something")),
        )

    async def scenario() -> Any:
        return await AsyncDriver().run(work())

    slept, wall, doubled, awaited = asyncio.run(scenario())
    assert 0.015 <= slept < 0.5
    assert (wall, doubled, awaited) == (True, 42, "awaited")


def test_what_blocks_does_not_stop_the_loop() -> None:
    import time

    def work() -> Flow[Any]:
        yield from Block(time.sleep, 0.2)

    async def scenario() -> int:
        driver = AsyncDriver()
        task = asyncio.create_task(driver.run(work()))
        turns = 0
        while not task.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert asyncio.run(scenario()) >= 5


@pytest.mark.catalogue("F32")
@pytest.mark.parametrize("without", DIALOGUES)
@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "."])
def test_cancelling_closes_the_connection_and_never_pools_it(peer: Start, without: str, step: str) -> None:
    server = peer({step: [stall()]}, without=without)

    async def scenario() -> None:
        async with Mailer(f"smtp://{server.address}?tls=off") as mailer:
            task = asyncio.create_task(mailer.asend(message()))
            await until(lambda: any(reached(session, step) for session in server.sessions))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await settled(server)
            assert not alone()
            assert isinstance(await mailer.asend(message()), Receipt)

    asyncio.run(scenario())
    assert server.sessions[0].end in ("eof", "rst")
    assert server.connections == 2


def test_a_timeout_of_the_caller_closes_the_connection(peer: Start) -> None:
    server = peer({".": [stall()]})

    async def scenario() -> None:
        async with Mailer(f"smtp://{server.address}") as mailer:
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.1):
                    await mailer.asend(message())
            assert not isinstance(caught.value, MailError), "it is the caller's own"
            await settled(server)

    asyncio.run(scenario())


@pytest.mark.parametrize("without", DIALOGUES)
@pytest.mark.parametrize("lanes", [1, 4])
def test_a_batch_that_is_left_leaves_no_socket_task_or_lease(peer: Start, without: str, lanes: int) -> None:
    server = peer(without=without, strict=False)

    async def scenario() -> None:
        async with Mailer(f"smtp://{server.address}?connections={lanes}&timeout=1") as mailer:
            stream = mailer.asend_many(message() for _ in count())
            async for _ in stream:
                break
            await stream.aclose()
            assert not alone()
            await settled(server)
            assert isinstance(await mailer.asend(message()), Receipt), "its leases were given back"

    asyncio.run(scenario())
    assert all(session.end for session in server.sessions)


def test_a_batch_that_is_only_forgotten_leaves_nothing_either(peer: Start) -> None:
    server = peer(strict=False)

    async def scenario() -> None:
        mailer = Mailer(f"smtp://{server.address}?connections=3")
        async for _ in mailer.asend_many(message() for _ in count()):
            break
        gc.collect()
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert not alone()
        await settled(server)

    asyncio.run(scenario())


def test_cancelling_a_batch_leaves_nothing(peer: Start) -> None:
    server = peer({".": delay(0.01) + proceed()}, strict=False)

    async def scenario() -> None:
        async with Mailer(f"smtp://{server.address}?connections=3") as mailer:

            async def work() -> None:
                async for _ in mailer.asend_many(message() for _ in count()):
                    pass

            task = asyncio.create_task(work())
            await until(lambda: len(server.messages) >= 20)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not alone()
            await settled(server)
            assert isinstance(await mailer.asend(message()), Receipt)

    asyncio.run(scenario())


@pytest.mark.parametrize("entered", [False, True])
def test_one_mailer_serves_one_event_loop_after_the_other(peer: Start, entered: bool) -> None:
    server = peer()
    mailer = Mailer(f"smtp://{server.address}")

    async def scenario() -> None:
        if entered:
            async with mailer:
                await mailer.asend(message())
                await mailer.asend(message())
        else:
            await mailer.asend(message())

    asyncio.run(scenario())
    asyncio.run(scenario())
    assert server.submissions == (4 if entered else 2)
    assert server.connections == 2
    assert all(session.end == "quit" for session in server.sessions)


def test_a_loop_that_ended_without_a_word_does_not_harm_the_next(peer: Start) -> None:
    """The connections of a loop that is gone cannot be closed from another; they are only forgotten."""
    server = peer(strict=False)
    mailer = Mailer(f"smtp://{server.address}")
    first = asyncio.new_event_loop()
    first.run_until_complete(mailer.__aenter__())
    first.run_until_complete(mailer.asend(message()))

    async def scenario() -> None:
        await mailer.asend(message())
        async with mailer:
            await mailer.asend(message())

    asyncio.run(scenario())
    assert server.submissions == 3
    for transport in list(first._transports.values()) if hasattr(first, "_transports") else []:  # type: ignore[attr-defined]
        transport.abort()
    first.run_until_complete(asyncio.sleep(0))
    first.close()


def test_both_colours_share_one_mailer(peer: Start) -> None:
    server = peer()

    async def scenario(mailer: Mailer) -> None:
        async with mailer:
            await asyncio.gather(*(mailer.asend(message()) for _ in range(10)))

    with Mailer(f"smtp://{server.address}?connections=2") as mailer:
        mailer.send(message())
        asyncio.run(scenario(mailer))
        mailer.send(message())
    assert server.submissions == 12
    assert server.connections == 3, "one of plain calls, two of asynchronous ones"


def test_many_tasks_share_the_connections(peer: Start) -> None:
    server = peer()

    async def scenario() -> list[Any]:
        async with Mailer(f"smtp://{server.address}?connections=4") as mailer:
            return await asyncio.gather(*(mailer.asend(one) for one in numbered(300)))

    outcomes = asyncio.run(scenario())
    assert len({outcome.message_id for outcome in outcomes}) == 300
    assert server.submissions == 300
    assert server.connections <= 4
    for one in server.messages:
        assert one.recipients[0][1:].split("@")[0].encode() in one.data


@pytest.mark.parametrize("without", DIALOGUES)
@pytest.mark.parametrize("lanes", [1, 5])
@pytest.mark.parametrize("amount", [0, 1, 4, 5, 6, 200])
def test_outcomes_come_in_order_whatever_the_lanes(peer: Start, without: str, lanes: int, amount: int) -> None:
    server = peer(without=without)

    async def scenario() -> list[Any]:
        async with Mailer(f"smtp://{server.address}?connections={lanes}") as mailer:
            return [outcome async for outcome in mailer.asend_many(numbered(amount))]

    outcomes = asyncio.run(scenario())
    assert [next(iter(outcome.recipients)) for outcome in outcomes] == [f"u{n}@example.org" for n in range(amount)]
    assert server.submissions == amount
    assert server.connections <= lanes


async def awaited(mails: list[Message], pause: float = 0.0) -> AsyncIterator[Message]:
    for mail in mails:
        await asyncio.sleep(pause)
        yield mail


@pytest.mark.parametrize("lanes", [1, 3])
def test_a_source_may_be_asynchronous(peer: Start, lanes: int) -> None:
    server = peer()

    async def scenario() -> list[Any]:
        async with Mailer(f"smtp://{server.address}?connections={lanes}") as mailer:
            return [outcome async for outcome in mailer.asend_many(awaited(numbered(50)))]

    outcomes = asyncio.run(scenario())
    assert [next(iter(outcome.recipients)) for outcome in outcomes] == [f"u{n}@example.org" for n in range(50)]


@pytest.mark.parametrize("without", DIALOGUES)
def test_a_slow_asynchronous_source_has_its_messages_sent_meanwhile(peer: Start, without: str) -> None:
    server = peer(without=without)

    async def scenario() -> int:
        behind = 0
        async with Mailer(f"smtp://{server.address}?connections=1") as mailer:
            given: list[int] = []

            async def source() -> AsyncIterator[Message]:
                for number, one in enumerate(numbered(6)):
                    await asyncio.sleep(0.06)
                    given.append(number)
                    yield one

            seen = 0
            async for outcome in mailer.asend_many(source()):
                assert isinstance(outcome, Receipt)
                seen += 1
                behind = max(behind, len(given) - seen)
        return behind

    assert asyncio.run(scenario()) <= 1
    assert server.submissions == 6


@pytest.mark.parametrize("without", DIALOGUES)
@pytest.mark.parametrize("lanes", [1, 3])
def test_what_was_taken_does_not_wait_for_an_asynchronous_source(peer: Start, without: str, lanes: int) -> None:
    server = peer(without=without)

    async def scenario() -> int:
        seen = 0
        all_seen = asyncio.Event()

        async def source() -> AsyncIterator[Message]:
            for number, one in enumerate(numbered(20)):
                if number == 13:  # it gave what it had at once; now it has nothing until all of that is done
                    await asyncio.wait_for(all_seen.wait(), 5)
                yield one

        async with Mailer(f"smtp://{server.address}?connections={lanes}") as mailer:
            async for outcome in mailer.asend_many(source()):
                assert isinstance(outcome, Receipt)
                seen += 1
                if seen == 13:
                    all_seen.set()
        return seen

    assert asyncio.run(scenario()) == 20


@pytest.mark.parametrize("kind", ["plain", "asynchronous"])
@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize("at", [0, 1, 3, 40])
def test_a_source_that_raises_is_told_after_what_came_before_it(peer: Start, kind: str, lanes: int, at: int) -> None:
    server = peer()

    def plain() -> Iterator[Message]:
        yield from numbered(at)
        raise LookupError("the database is gone")

    async def asynchronous() -> AsyncIterator[Message]:
        for one in numbered(at):
            yield one
        raise LookupError("the database is gone")

    async def scenario() -> list[Any]:
        outcomes = []
        async with Mailer(f"smtp://{server.address}?connections={lanes}") as mailer:
            with pytest.raises(LookupError, match="database"):  # noqa: PT012 - raised by the iteration
                async for outcome in mailer.asend_many(plain() if kind == "plain" else asynchronous()):
                    outcomes.append(outcome)
            assert isinstance(await mailer.asend(message()), Receipt)
            assert not alone()
        return outcomes

    outcomes = asyncio.run(scenario())
    assert len(outcomes) == at
    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert server.submissions == at + 1


@pytest.mark.catalogue("F32", "F42")
def test_a_connection_lost_in_one_lane_is_that_lanes_loss(peer: Start) -> None:
    # Not at a lane's first message: a new connection that is lost there is not tried again.
    sixth = when(lambda step: len(step.session.messages) == 5, [drop()])
    server = peer({"MAIL": sixth}, without="CHUNKING", strict=False)

    async def scenario() -> list[Any]:
        async with Mailer(f"smtp://{server.address}?connections=4") as mailer:
            return [outcome async for outcome in mailer.asend_many(numbered(100))]

    outcomes = asyncio.run(scenario())
    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert len({one.data for one in server.messages}) == 100


@pytest.mark.catalogue("F33")
def test_one_slow_lane_holds_up_a_bounded_number_of_outcomes(peer: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first message takes long; the other lanes go on, but not without end, and nothing is stuck."""
    from mailbridge.drivers import lanes

    monkeypatch.setattr(lanes, "AHEAD", 30)
    server = peer({".": {"subject: number 0.": delay(0.3) + proceed()}}, without="CHUNKING")
    taken = 0

    def source() -> Iterator[Message]:
        nonlocal taken
        for one in numbered(200):
            taken += 1
            yield one

    async def scenario() -> tuple[int, int]:
        async with Mailer(f"smtp://{server.address}?connections=3") as mailer:
            stream = mailer.asend_many(source())
            first = asyncio.ensure_future(stream.__anext__())
            await asyncio.sleep(0.2)
            ahead = taken
            await first
            rest = [outcome async for outcome in stream]
        return ahead, len(rest)

    ahead, rest = asyncio.run(scenario())
    assert ahead <= 40
    assert rest == 199


def test_a_caller_that_is_slow_is_not_flooded(peer: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    from mailbridge.drivers import lanes

    monkeypatch.setattr(lanes, "AHEAD", 30)
    server = peer()

    async def scenario() -> int:
        async with Mailer(f"smtp://{server.address}?connections=3") as mailer:
            stream = mailer.asend_many(numbered(300))
            await stream.__anext__()
            await asyncio.sleep(0.2)
            waiting = server.submissions
            async for _ in stream:
                pass
        return waiting

    assert asyncio.run(scenario()) <= 60
    assert server.submissions == 300


def test_a_doubt_keeps_its_place(peer: Start) -> None:
    server = peer({".": {"subject: number 7.": drop()}}, without="CHUNKING", strict=False)

    async def scenario() -> list[Any]:
        async with Mailer(f"smtp://{server.address}?connections=3") as mailer:
            return [outcome async for outcome in mailer.asend_many(numbered(30))]

    outcomes = asyncio.run(scenario())
    assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, OutcomeUnknown)] == [7]
    assert sum(isinstance(outcome, Receipt) for outcome in outcomes) == 29


def test_no_descriptor_is_left_behind(peer: Start) -> None:
    server = peer({"MAIL": [drop(), None, drop()]}, strict=False)

    async def scenario() -> None:
        for _ in range(5):
            try:
                await Mailer(f"smtp://{server.address}").asend(message())
            except MailError:
                continue

    asyncio.run(scenario())
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        asyncio.run(scenario())
    assert len(os.listdir("/proc/self/fd")) <= before + 2


def test_a_hook_can_undo_what_another_has_set_in_the_context(peer: Start) -> None:
    """What follows an answer of the server runs elsewhere, but in the same context."""
    place: ContextVar[str] = ContextVar("place", default="outside")
    found: list[str] = []

    class Span:
        @hookimpl
        def mailbridge_attempt(self, attempt: Attempt) -> None:
            if attempt.finished:
                found.append(place.get())
                place.reset(self.token)
            else:
                self.token = place.set("inside")

        @hookimpl
        def mailbridge_sent(self, receipt: Receipt) -> None:
            found.append(place.get())

    async def scenario() -> None:
        place.set("caller")
        async with Mailer(f"smtp://{peer().address}", hooks=[Span()]) as mailer:
            await mailer.asend(message())

    asyncio.run(scenario())
    assert found == ["inside", "caller"]
