"""What was sent is let go at once, however it ended; and what is kept for the next message stays small."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.colour import Colour
from support.members import FakeTransport, message
from support.peer import Peer, drop, reply

from mailbridge import Attachment, Mailer, MailError, Message, MessageInvalid, RecipientRefused, ServerError, hookimpl
from mailbridge.drivers.pool import IDLE
from mailbridge.extend import Failover, Guard, RateLimit, Retry


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """Leave everything to reference counting."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def at_once(state: Any) -> float:
    return 0.0


class Refusing:
    @hookimpl
    def mailbridge_message(self) -> None:
        raise MessageInvalid("Not on Sundays.")


def failing() -> Any:
    return FakeTransport(always=ServerError("x"))


MAILERS: dict[str, Callable[[], Mailer]] = {
    "accepted": lambda: Mailer("null://"),
    "refused by a transport": lambda: Mailer(FakeTransport(always=RecipientRefused("x"))),
    "refused by a filter": lambda: Mailer("null://", hooks=[Refusing()]),
    "no mailer": Mailer,
    "retry": lambda: Mailer(Retry(failing(), wait=at_once)),
    "failover": lambda: Mailer(Failover(failing(), failing())),
    "guard": lambda: Mailer(
        Guard(failing(), block="nobody@example.org", allow="@example.net", redirect="a@example.com")
    ),
    "rate limit": lambda: Mailer(RateLimit(failing(), rate="1000/s")),
    "all of them": lambda: Mailer(
        Retry(Failover(Guard(RateLimit(failing(), rate="1000/s"), block="nobody@example.org"), failing()), wait=at_once)
    ),
}
PEERS: dict[str, Any] = {
    "accepted": {},
    "refused": {"RCPT": reply("550 5.1.1 no")},
    "content refused": {".": reply("554 5.7.1 no")},
    "lost": {"MAIL": drop()},
    "lost after the message": {".": drop()},
    "nonsense": {"MAIL": reply("hello")},
    "not greeted": {"CONNECT": reply("554 5.3.2 no")},
}


def is_let_go(colour: Colour, mailer: Mailer, *, many: bool) -> bool:
    """Send one message, forget the outcome, and say whether the message is gone."""
    one = message()
    gone = weakref.ref(one)
    if many:
        colour.send_many(mailer, [one])
    elif colour.name == "sync":
        try:
            mailer.send(one)
        except MailError:
            pass
    else:

        async def send(one: Any) -> None:
            # Caught inside: asyncio's own runner holds the task, and the task what it ended with.
            try:
                await mailer.asend(one)
            except MailError:
                pass

        asyncio.run(send(one))
    del one
    return gone() is None


@pytest.mark.parametrize("many", [False, True], ids=["send", "send_many"])
@pytest.mark.parametrize("name", MAILERS)
def test_a_message_is_let_go(name: str, many: bool, colour: Colour) -> None:
    assert is_let_go(colour, MAILERS[name](), many=many)


@pytest.mark.parametrize("many", [False, True], ids=["send", "send_many"])
@pytest.mark.parametrize("name", PEERS)
def test_a_message_sent_by_smtp_is_let_go(name: str, many: bool, colour: Colour) -> None:
    with Peer(PEERS[name], strict=False) as peer:
        mailer = Mailer(f"smtp://{peer.address}?tls=off")
        assert is_let_go(colour, mailer, many=many)
        mailer.close()


LARGE = 8 * 2**20


def copies(act: Callable[[Message], Any]) -> float:
    """Send a large attachment; return how many times its size was in memory at once, the attachment included."""
    act(message(attachments=[Attachment(b"warm")]))
    one = message(attachments=[Attachment(bytes(LARGE), "large.bin")])
    tracemalloc.start()
    try:
        act(one)
        return 1 + tracemalloc.get_traced_memory()[1] / LARGE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "dsn",
    [
        pytest.param("null://", id="null"),
        pytest.param("file://{folder}/eml", id="eml"),
        pytest.param("file://{folder}/maildir?format=maildir", id="maildir"),
        pytest.param("file://{folder}/mbox?format=mbox", id="mbox"),
        pytest.param("sendmail:///bin/true", id="sendmail"),
    ],
)
def test_a_large_attachment_is_held_less_than_three_times(dsn: str, colour: Colour, tmp_path: Path) -> None:
    mailer = Mailer(dsn.format(folder=tmp_path))
    assert copies(lambda one: colour.send(mailer, one)) < 3


SERVE = """
import sys
from support.peer import Peer
extensions = ["PIPELINING", "SIZE 99999999", "8BITMIME", "CHUNKING"]
with Peer(tls=sys.argv[1], without=sys.argv[2], extensions=extensions) as peer:
    print(peer.address, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest) -> Iterator[str]:
    """Start a peer in a process of its own, whose memory does not count."""
    tls, without = request.param
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, tls, without],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
    )
    with server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield f"smtp://{server.stdout.readline().strip()}?tls={tls}&tls_verify=false"
        finally:
            server.stdin.close()


@pytest.mark.parametrize(
    "elsewhere",
    [("off", ""), ("off", "CHUNKING"), ("starttls", ""), ("starttls", "CHUNKING")],
    ids=["BDAT", "DATA", "BDAT encrypted", "DATA encrypted"],
    indirect=True,
)
@pytest.mark.parametrize("many", [False, True], ids=["send", "send_many"])
def test_a_large_attachment_by_smtp_is_held_less_than_three_times(elsewhere: str, many: bool, colour: Colour) -> None:
    mailer = Mailer(elsewhere)

    def act(one: Message) -> None:
        outcome = colour.send_many(mailer, [one])[0] if many else colour.send(mailer, one)
        assert outcome.accepted

    with colour.using(mailer):
        assert copies(act) < 3


def test_the_connections_of_many_tenants_do_not_pile_up(colour: Colour) -> None:
    with Peer() as peer:
        mailer = Mailer("null://")
        with colour.using(mailer):
            for number in range(IDLE + 20):
                dsn = f"smtp://{peer.address}?tls=off&local_hostname=tenant{number}.example.com"
                assert colour.send(mailer, message(), dsn=dsn).accepted
            peer.wait_for(lambda peer: sum(each.open for each in peer.sessions) == IDLE)
            colour.send(mailer, message(), dsn=dsn)  # the newest is still there
            assert len(peer.sessions) == IDLE + 20
