"""The blocking driver: threads, forks, generators that are left, sources that raise."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from support.peer import Peer, delay, drop, nth, proceed
from support.trial import message, numbered

from mailbridge.drivers.sync import SyncDriver
from mailbridge.errors import ConfigError
from mailbridge.flow.operations import Await, Block, Flow, Now, Sleep, Wall
from mailbridge.mailer import Mailer
from mailbridge.message.message import Message
from mailbridge.receipt import Receipt

Start = Callable[..., Peer]

DIALOGUES = ["", "CHUNKING", "CHUNKING PIPELINING"]


def descriptors() -> set[str]:
    """Return the sockets that this process has open."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


def test_plain_operations_are_performed() -> None:
    def work() -> Flow[Any]:
        begun = yield from Now()
        yield from Sleep(0.02)
        slept = (yield from Now()) - begun
        return slept, (yield from Wall()), (yield from Block(lambda a, b: a + b, 1, 2))

    slept, wall, total = SyncDriver().run(work())
    assert 0.02 <= slept < 0.5
    assert abs(wall - time.time()) < 1
    assert total == 3


def test_what_an_operation_raises_belongs_to_the_flow() -> None:
    def work() -> Flow[str]:
        try:
            yield from Block(lambda: 1 / 0)
        except ZeroDivisionError:
            return "caught"
        return "missed"

    assert SyncDriver().run(work()) == "caught"


def test_nothing_can_be_awaited() -> None:
    async def never() -> None: ...

    def work() -> Flow[Any]:
        yield from Await(never(), "the hook of a plugin")

    with pytest.raises(ConfigError, match=r"(?i)the hook of a plugin is asynchronous; use the async method"):
        SyncDriver().run(work())


@pytest.mark.parametrize("without", DIALOGUES)
def test_many_threads_share_a_mailer(peer: Start, without: str) -> None:
    server = peer(without=without)
    outcomes: list[Any] = []
    with Mailer(f"smtp://{server.address}?connections=8") as mailer:

        def work(thread: int) -> None:
            for number in range(50):
                subject = f"number {thread * 50 + number}."
                outcomes.append(mailer.send(message(f"u{thread}@example.org", subject=subject)))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(30)
    assert len(outcomes) == 1600
    assert len({outcome.message_id for outcome in outcomes}) == 1600
    assert server.submissions == 1600
    assert len({one.data for one in server.messages}) == 1600
    for one in server.messages:
        assert one.recipients[0].encode() in one.data, "no dialogue got into another"
    assert server.connections <= 8


def test_threads_may_each_send_a_batch(peer: Start) -> None:
    server = peer()
    done: list[int] = []
    with Mailer(f"smtp://{server.address}?connections=3") as mailer:
        threads = [
            threading.Thread(target=lambda: done.append(len(list(mailer.send_many([message()] * 40)))))
            for _ in range(6)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join(20)
    assert done == [40] * 6
    assert server.submissions == 240


FORK = """
import os, sys
sys.path.insert(0, "tests")
from support.peer import Peer
from support.trial import message
from mailbridge.mailer import Mailer

with Peer(tls="starttls") as peer:
    mailer = Mailer(f"smtp://{peer.address}?tls=starttls&ca_file={peer.ca_file}")
    first = mailer.send(message())
    child = os.fork()
    if child == 0:
        mine = mailer.send(message())
        print(mine.message_id, flush=True)
        mailer.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    second = mailer.send(message())
    mailer.close()
    print(first.message_id, second.message_id, flush=True)
    assert [len(session.messages) for session in peer.sessions] == [2, 1], peer.sessions
    assert [session.end.value for session in peer.sessions] == ["quit", "quit"], peer.sessions
"""


def test_a_forked_child_opens_connections_of_its_own() -> None:
    """The parent's connection, its TLS state included, is left alone; and the child's Message-IDs differ."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORK], capture_output=True, text=True, timeout=30, check=False
    )
    assert finished.returncode == 0, finished.stderr
    ids = finished.stdout.split()
    assert len(ids) == len(set(ids)) == 3


@pytest.mark.parametrize("without", DIALOGUES)
def test_a_batch_that_is_left_leaves_nothing_open(peer: Start, without: str) -> None:
    server = peer(without=without, strict=False)
    before = descriptors()
    mailer = Mailer(f"smtp://{server.address}")
    for _ in mailer.send_many(message() for _ in count()):
        break
    gc.collect()
    assert server.sessions[0].end in ("eof", "rst", "quit")
    assert isinstance(mailer.send(message()), Receipt)
    mailer.close()
    assert server.connections == 2
    server.wait_for(lambda peer: all(not session.open for session in peer.sessions))
    assert descriptors() <= before | _listeners(server)


def _listeners(server: Peer) -> set[str]:
    return {os.readlink(f"/proc/self/fd/{server._listener.fileno()}")} if server._listener.fileno() >= 0 else set()


def test_a_batch_that_is_never_begun_opens_nothing(peer: Start) -> None:
    server = peer()
    mailer = Mailer(f"smtp://{server.address}")
    never = mailer.send_many([message()])
    del never
    assert server.connections == 0


@pytest.mark.parametrize("without", DIALOGUES)
@pytest.mark.parametrize("at", [0, 1, 5, 30])
def test_a_source_that_raises_is_told_after_what_came_before_it(peer: Start, without: str, at: int) -> None:
    server = peer(without=without)

    def source() -> Iterator[Message]:
        yield from numbered(at)
        raise LookupError("the database is gone")

    outcomes = []
    with Mailer(f"smtp://{server.address}") as mailer:
        with pytest.raises(LookupError, match="database"):  # noqa: PT012 - raised by the iteration
            for outcome in mailer.send_many(source()):
                outcomes.append(outcome)
        assert all(isinstance(outcome, Receipt) for outcome in outcomes)
        assert isinstance(mailer.send(message()), Receipt)
    assert len(outcomes) == at
    assert server.submissions == at + 1
    assert server.connections == 1


def test_what_is_no_message_is_an_outcome_like_any_other(peer: Start) -> None:
    server = peer()
    with Mailer(f"smtp://{server.address}") as mailer:
        outcomes = list(mailer.send_many([message(), "nonsense", message()]))  # type: ignore[list-item]
    assert [type(outcome).__name__ for outcome in outcomes] == ["Receipt", "MessageInvalid", "Receipt"]


def test_what_cannot_be_iterated_is_told_at_once(peer: Start) -> None:
    with Mailer(f"smtp://{peer().address}") as mailer, pytest.raises(TypeError):
        list(mailer.send_many(7))  # type: ignore[arg-type]


@pytest.mark.parametrize("without", DIALOGUES)
def test_messages_are_taken_as_they_are_sent(peer: Start, without: str) -> None:
    server = peer(without=without)
    taken = []

    def source() -> Iterator[Message]:
        for one in numbered(500):
            taken.append(one)
            yield one

    ahead = []
    with Mailer(f"smtp://{server.address}") as mailer:
        for done, _ in enumerate(mailer.send_many(source())):
            ahead.append(len(taken) - done)
    assert max(ahead) <= 30


@pytest.mark.parametrize("without", DIALOGUES)
def test_a_slow_source_gets_each_outcome_before_it_is_asked_again(peer: Start, without: str) -> None:
    """After the first pause nothing is taken ahead, and the connection waits in the pool."""
    server = peer(without=without)
    seen: list[int] = []

    def source() -> Iterator[Message]:
        for number, one in enumerate(numbered(6)):
            if number > 1:
                assert len(seen) == number, "everything that was given before is done"
            time.sleep(0.06)
            yield one

    with Mailer(f"smtp://{server.address}?max_idle=0.05") as mailer:
        for outcome in mailer.send_many(source()):
            assert isinstance(outcome, Receipt)
            seen.append(1)
    assert server.submissions == 6
    assert server.connections == 1
    assert server.count("NOOP") >= 3, "a connection that has waited is asked before it is used"


def test_a_connection_lost_while_the_source_thought_is_replaced(peer: Start) -> None:
    server = peer(strict=False)

    def source() -> Iterator[Message]:
        for number, one in enumerate(numbered(4)):
            time.sleep(0.06)
            if number == 3:
                server.sessions[-1].interject(drop())
                time.sleep(0.02)
            yield one

    with Mailer(f"smtp://{server.address}") as mailer:
        outcomes = list(mailer.send_many(source()))
    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert server.submissions == 4


def test_an_interrupt_closes_what_was_open(peer: Start) -> None:
    server = peer({".": delay(0.01) + proceed()}, strict=False)

    def source() -> Iterator[Message]:
        yield from numbered(3)
        raise KeyboardInterrupt

    mailer = Mailer(f"smtp://{server.address}")
    with pytest.raises(KeyboardInterrupt):
        list(mailer.send_many(source()))
    server.wait_for(lambda peer: all(not session.open for session in peer.sessions))
    assert isinstance(mailer.send(message()), Receipt)
    mailer.close()


def test_a_server_that_goes_away_for_good_fails_the_rest_one_by_one(peer: Start) -> None:
    server = peer({"MAIL": nth(3, drop())}, without="CHUNKING", strict=False)
    mailer = Mailer(f"smtp://{server.address}?connect_timeout=0.5")
    stream = mailer.send_many(numbered(6))
    outcomes = [next(stream), next(stream)]
    server.stop()
    outcomes += list(stream)
    assert [type(outcome).__name__ for outcome in outcomes] == ["Receipt"] * 2 + ["ConnectFailed"] * 4
    assert len({id(outcome) for outcome in outcomes}) == 6
    mailer.close()
