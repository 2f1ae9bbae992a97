"""Threads share mailers, messages, plugins and policies; what each of them does comes out right."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes
from types import SimpleNamespace
from typing import Any

import pytest
from support.members import FakeTransport, message
from support.peer import Peer, delay, proceed

from mailbridge import Attachment, Mailer, Plugins, hookimpl
from mailbridge.extend import Failover, RateLimit, RoundRobin
from mailbridge.hooks import Hooks
from mailbridge.identity import MessageIds

THREADS = 8


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Let threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(act: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """Do the same in several threads at the same moment; return what they returned, or raise what one raised."""
    start = threading.Barrier(threads)
    results: list[Any] = [None] * threads
    errors: list[BaseException] = []

    def run(number: int) -> None:
        start.wait()
        try:
            results[number] = act(number)
        except BaseException as error:  # noqa: BLE001 -- told to the test's own thread
            errors.append(error)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if errors:
        raise errors[0]
    return results


def plugin(**hooks: Callable[..., Any]) -> Any:
    """Return a plugin of these hooks."""
    return SimpleNamespace(**{f"mailbridge_{name}": hookimpl(function) for name, function in hooks.items()})


def test_a_mailer_is_shared() -> None:
    with Peer() as peer:
        mailer = Mailer(f"smtp://{peer.address}?tls=off&connections=3")
        receipts = together(lambda number: [mailer.send(message(f"{number}.{each}")) for each in range(20)])
        mailer.close()
        ids = [receipt.message_id for each in receipts for receipt in each]
        assert len(set(ids)) == len(ids) == THREADS * 20 == peer.submissions
        assert peer.connections <= 3


def test_its_first_sends_share_one_pool() -> None:
    with Peer({"CONNECT": delay(0.05) + proceed()}) as peer:
        mailer = Mailer(f"smtp://{peer.address}?tls=off&connections=1")
        together(lambda number: mailer.send(message()))
        assert peer.connections == 1
        mailer.close()


def test_streams_of_several_threads_keep_apart() -> None:
    with Peer() as peer:
        mailer = Mailer(f"smtp://{peer.address}?tls=off")

        def stream(number: int) -> list[str]:
            sent = (message(f"{number}", to=[f"{number}-{each}@example.org"]) for each in range(30))
            return [next(iter(outcome.recipients)) for outcome in mailer.send_many(sent)]

        for number, addresses in enumerate(together(stream)):
            assert addresses == [f"{number}-{each}@example.org" for each in range(30)]
        mailer.close()


def test_a_message_is_shared() -> None:
    one = message(attachments=[Attachment(bytes(200_000), "a.bin")], cc=["bob@example.org"])
    mailer = Mailer("memory://")
    together(lambda number: [mailer.send(one) for _ in range(20)])
    transport: Any = mailer.transport()
    assert len(transport.kept) == THREADS * 20
    for each in transport.kept[::10]:
        _, attached = message_from_bytes(each.mime).get_payload()  # type: ignore[union-attr]
        assert attached.get_payload(decode=True) == bytes(200_000)  # type: ignore[union-attr]
    assert one == message(attachments=[Attachment(bytes(200_000), "a.bin")], cc=["bob@example.org"])


def test_ids_are_unique_among_threads() -> None:
    ids = MessageIds()
    made = together(lambda number: [ids("example.com") for _ in range(2000)])
    assert len({each for some in made for each in some}) == THREADS * 2000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_ids_are_unique_among_forks() -> None:
    ids = MessageIds()
    ids("example.com")
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.write(write, "".join(ids("example.com") for _ in range(5)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(read, 10_000).decode()
    os.close(read)
    os.close(write)
    assert theirs.count("@") == 5
    assert not any(ids("example.com") in theirs for _ in range(5))


def test_plugins_come_and_go_while_messages_are_sent() -> None:
    mailer = Mailer("null://")
    ended = threading.Event()
    seen: Counter[str] = Counter()

    def work(number: int) -> int:
        if number:
            sent = 0
            while not ended.is_set():
                assert mailer.send(message()).accepted
                sent += 1
            return sent
        for turn in range(200):
            observer = plugin(sent=lambda: seen.update(["sent"]), message=lambda message: None)
            mailer.hooks.unregister(mailer.hooks.register(observer, f"observer {turn}"))
        ended.set()
        return 0

    assert sum(together(work)) > 0
    assert mailer.hooks.plugins == {}
    assert not mailer.hooks.has_sent


def test_no_registration_is_lost() -> None:
    for _ in range(20):
        hooks = Hooks()
        together(lambda number, hooks=hooks: hooks.register(plugin(sent=lambda: None), f"plugin {number}"))
        assert len(hooks.plugins) == THREADS
        assert len(hooks.implementations("mailbridge_sent")) == THREADS


def test_plugins_are_looked_up_by_several() -> None:
    plugins = Plugins()
    together(lambda number: [plugins.build("retry(failover(null://, memory://))") for _ in range(20)])


def test_round_robin_gives_each_member_its_share() -> None:
    members = [FakeTransport(str(number)) for number in range(4)]
    mailer = Mailer(RoundRobin(*members))
    together(lambda number: [mailer.send(message()) for _ in range(20)])
    assert [len(member.submitted) for member in members] == [THREADS * 20 // 4] * 4


def test_a_failover_loses_nothing() -> None:
    first, second = FakeTransport("first"), FakeTransport("second")
    mailer = Mailer(Failover(first, second))
    receipts = together(lambda number: [mailer.send(message()) for _ in range(50)])
    assert sum(map(len, receipts)) == len(first.submitted) == THREADS * 50


def test_a_rate_is_kept_by_all_together() -> None:
    limit = RateLimit(FakeTransport(), rate="1/d", burst=20, max_wait=0)
    outcomes = together(lambda number: list(Mailer(limit).send_many(message() for _ in range(10))))
    assert Counter(type(each).__name__ for some in outcomes for each in some) == {"Receipt": 20, "RateLimited": 60}
