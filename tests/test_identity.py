"""Message-IDs and Dates: made once for a message, the same in every attempt, and nobody else's."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest
from support.colour import Colour
from support.peer import Peer, delay, reply

from mailbridge import Mailer, Message
from mailbridge.identity import MessageIds, _all

FORM = re.compile(r"<[0-9a-f]{18}\.[1-9a-f][0-9a-f]*@example\.com>").fullmatch
GIVEN = {"message_id": "<mine@example.net>", "date": datetime(2026, 11, 21, 9, 30, tzinfo=UTC)}


def message(**fields: Any) -> Message:
    return Message(**{"from_": "app@example.com", "to": "ann@example.org", "text": "Hello", **fields})


def identity(submission: Any) -> tuple[bytes, bytes]:
    """Return the Message-ID and the Date of what a peer was given; there is exactly one of each."""
    head = submission.data.partition(b"\r\n\r\n")[0]
    (message_id,) = re.findall(rb"(?mi)^Message-ID:\s*(\S+)\r?$", head)
    (date,) = re.findall(rb"(?m)^Date: (.+?)\r?$", head)
    return message_id, date


class TestMessageIds:
    def test_each_has_the_form_of_rfc_5322_and_another_number(self) -> None:
        ids = MessageIds()
        made = [ids("example.com") for _ in range(1000)]
        assert all(map(FORM, made))
        assert len(set(made)) == 1000

    def test_the_domain_is_the_right_hand_side(self) -> None:
        assert MessageIds()("xn--bcher-kva.example").endswith("@xn--bcher-kva.example>")

    def test_two_makers_never_meet(self) -> None:
        one, other = MessageIds(), MessageIds()
        assert not {one("example.com") for _ in range(100)} & {other("example.com") for _ in range(100)}

    def test_they_tell_neither_host_nor_process_nor_time(self) -> None:
        made = MessageIds()("example.com")
        assert os.uname().nodename not in made
        prefixes = {MessageIds()("example.com").partition(".")[0] for _ in range(50)}
        assert len(prefixes) == 50
        assert len({each[:8] for each in prefixes}) > 1  # a clock or a process id would begin them all

    def test_threads_that_share_a_maker_get_different_ones(self) -> None:
        ids, together = MessageIds(), Barrier(8)

        def make(_: int) -> list[str]:
            together.wait(timeout=30)
            return [ids("example.com") for _ in range(2000)]

        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            with ThreadPoolExecutor(8) as pool:
                made = [each for some in pool.map(make, range(8)) for each in some]
        finally:
            sys.setswitchinterval(before)
        assert len(set(made)) == len(made) == 16_000

    def test_after_a_renewal_nothing_is_repeated(self) -> None:
        ids = MessageIds()
        before = {ids("example.com") for _ in range(100)}
        ids.renew()
        assert not before & {ids("example.com") for _ in range(100)}

    def test_a_maker_that_nobody_holds_is_not_kept_for_the_next_fork(self) -> None:
        gc.collect()
        known = len(_all)
        ids = MessageIds()
        assert len(_all) == known + 1
        del ids
        gc.collect()
        assert len(_all) == known


FORK = """
import os
from mailbridge.identity import MessageIds

def tell(times):
    # In one write, for the processes share the pipe.
    os.write(1, " ".join(make("example.com") for make in makers for _ in range(times)).encode() + b"\\n")

makers = [MessageIds(), MessageIds()]
tell(1)
for _ in range(3):
    child = os.fork()
    if child == 0:
        grandchild = os.fork()
        tell(2)
        if grandchild:
            assert os.waitpid(grandchild, 0)[1] == 0
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
tell(1)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_parent_children_and_grandchildren_repeat_no_id() -> None:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORK], capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.returncode == 0, finished.stderr
    made = finished.stdout.split()
    assert len(made) == 2 + 3 * 2 * 4 + 2
    assert len(set(made)) == len(made)
    # The parent's own numbers go on: nothing was renewed there.
    assert [each.partition(".")[0] for each in made[:2]] == [each.partition(".")[0] for each in made[-2:]]


LATER = delay(1.1) + reply("451 4.3.0 later")  # so that the next try falls into another second of a Date


class TestOnce:
    """In every attempt, by whichever transport, a message is the same message."""

    def test_every_attempt_says_the_same_id_and_date(self, colour: Colour) -> None:
        with Peer({".": [LATER]}) as peer:
            mailer = Mailer(f"retry(smtp://{peer.address}?tls=off, attempts=2, wait=0)")
            with colour.using(mailer):
                receipt = colour.send(mailer, message())
            first, second = map(identity, peer.messages)
        assert first == second
        assert first[0].decode() == receipt.message_id
        assert FORM(receipt.message_id)

    def test_so_does_the_server_that_stands_in(self, colour: Colour) -> None:
        with Peer({".": [LATER]}) as one, Peer() as other:
            mailer = Mailer(f"failover(smtp://{one.address}?tls=off, smtp://{other.address}?tls=off)")
            with colour.using(mailer):
                receipt = colour.send(mailer, message())
            given = [*map(identity, one.messages), *map(identity, other.messages)]
        assert len(given) == 2
        assert given[0] == given[1]
        assert given[0][0].decode() == receipt.message_id

    def test_an_id_and_a_date_of_the_caller_s_stay(self, colour: Colour) -> None:
        with Peer() as peer:
            mailer = Mailer(f"smtp://{peer.address}?tls=off")
            with colour.using(mailer):
                receipts = [colour.send(mailer, message(**GIVEN)) for _ in range(2)]
            given = {identity(each) for each in peer.messages}
        assert given == {(b"<mine@example.net>", b"Sat, 21 Nov 2026 09:30:00 +0000")}
        assert {each.message_id for each in receipts} == {"<mine@example.net>"}

    def test_the_same_message_sent_again_is_another_one(self, colour: Colour) -> None:
        same = message()
        mailer = Mailer("memory://")
        with colour.using(mailer):
            receipts = [colour.send(mailer, same), *colour.send_many(mailer, [same, same])]
        assert len({each.message_id for each in receipts}) == 3
        assert (same.message_id, same.date) == (None, None)

    def test_threads_that_share_a_mailer_send_no_id_twice(self) -> None:
        mailer, together = Mailer("null://"), Barrier(4)

        def send(_: int) -> list[str]:
            together.wait(timeout=30)
            return [each.message_id for each in mailer.send_many(message() for _ in range(200))]

        with ThreadPoolExecutor(4) as pool:
            made = [each for some in pool.map(send, range(4)) for each in some]
        assert len(set(made)) == len(made) == 800
